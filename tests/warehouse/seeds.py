"""Small, sound price seeds: in memory for one model's test, in a real git repository for runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import duckdb
from tests.warehouse.records import NOON

from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds.catalogue import parse
from spanledger_warehouse.seeds.source import SeedFiles, digest_of

PRICES = (
    "provider,model,unit,context,region,window,tier_above,effective_from,price,per,currency,"
    "effective_to,change_kind,supersedes,evidence_url,evidence_date,basis,note"
)
UNITS = (Path(__file__).resolve().parents[2] / "pricing_seeds" / "units.csv").read_text(encoding="utf-8")
ALIASES = "provider,pattern,target_provider,target_model,effective_from,effective_to,evidence_url,note"
RULES = (
    "provider,model,effective_from,effective_to,tier_mode,tier_basis,tier_comparison,"
    "min_quantity,increment,unit,billed_at,evidence_url,note"
)
TENANTS = "tenant,name,time_zone,currency,parent,effective_from,effective_to,note"
PER = {"web_search": "1000", "grounded_prompt": "1000", "request": "1"}
EVIDENCE = "https://acme.example/pricing"


def price(unit: str = "input", amount: str = "3", **cells: str) -> str:
    """One price line of acme's model a-1, from the start of 2026."""
    values = {
        "provider": "acme",
        "model": "a-1",
        "unit": unit,
        "effective_from": "2026-01-01T00:00:00Z",
        "price": amount,
        "per": PER.get(unit, "1000000"),
        "currency": "USD",
        "change_kind": "launch",
        "evidence_url": EVIDENCE,
        "evidence_date": "2026-01-01",
        "basis": "documented",
    } | cells
    return _line(PRICES, values)


def alias(
    provider: str, pattern: str, target_provider: str = "acme", target_model: str = "", **cells: str
) -> str:
    """One line of model_aliases.csv."""
    named = {"provider": provider, "pattern": pattern, "target_provider": target_provider}
    return _line(ALIASES, named | {"target_model": target_model, "evidence_url": EVIDENCE} | cells)


def rule(provider: str = "acme", **cells: str) -> str:
    """One line of rules.csv."""
    return _line(RULES, {"provider": provider, "evidence_url": EVIDENCE} | cells)


def tenant(name: str, **cells: str) -> str:
    """One line of tenants.csv."""
    return _line(TENANTS, {"tenant": name} | cells)


def _line(header: str, values: dict[str, str]) -> str:
    assert set(values) <= set(header.split(",")), set(values) - set(header.split(","))
    return ",".join(values.get(column, "") for column in header.split(","))


def seed_texts(
    *prices: str, aliases: tuple[str, ...] = (), rules: tuple[str, ...] = (), tenants: tuple[str, ...] = ()
) -> dict[str, str]:
    """The files of a set of seeds; prices go to the file of their provider."""
    by_provider: dict[str, list[str]] = {}
    for line in prices:
        by_provider.setdefault(line.split(",", 1)[0], []).append(line)
    return {
        "units.csv": UNITS,
        "model_aliases.csv": "\n".join([ALIASES, *aliases, ""]),
        "rules.csv": "\n".join([RULES, *rules, ""]),
        "tenants.csv": "\n".join([TENANTS, *tenants, ""]),
        **{f"prices/{name}.csv": "\n".join([PRICES, *lines, ""]) for name, lines in by_provider.items()},
    }


def seed_files(texts: dict[str, str], commit: str = "c0ffee") -> SeedFiles:
    """Seeds as a run reads them, without a repository."""
    files = {name: text.encode() for name, text in texts.items()}
    return SeedFiles(files, "committed", commit, "main", "memory", digest_of(files))


def give_seeds(connection: duckdb.DuckDBPyConnection, texts: dict[str, str]) -> None:
    """Write seeds into the pricing tables by the way of a run."""
    catalogue = parse(seed_files(texts)).require()
    write_seeds(connection, catalogue, provenance={}, audit=(), now=NOON.replace(tzinfo=None))


class SeedsRepository:
    """A git repository of seeds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(
        self, texts: dict[str, str], message: str = "Change prices", *, at: str = "2026-02-03T04:05:06Z"
    ) -> str:
        """Make these the seeds; the id of the commit."""
        for name, text in texts.items():
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text(text, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message, at=at)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str, at: str = "2026-02-03T04:05:06Z") -> str:
        people = {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (
                ("NAME", "Ada"),
                ("EMAIL", "ada@acme.example"),
                ("DATE", at),
            )
        }
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**os.environ, **people, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
