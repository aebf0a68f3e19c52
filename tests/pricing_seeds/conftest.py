"""Real git repositories with a small, sound set of seeds in them."""

import os
import subprocess
from pathlib import Path

import pytest

from spanledger_warehouse.seeds import Catalogue, SeedFiles, parse, read_seeds

HEADER = (
    "provider,model,unit,context,region,window,tier_above,effective_from,price,per,currency,"
    "effective_to,change_kind,supersedes,evidence_url,evidence_date,basis,note"
)
UNITS = """\
unit,per,parent,direction,modality,usage_column,fallback_unit,optional,note
input,1000000,,input,text,input_tokens,,false,
cache_read,1000000,input,input,text,cache_read_tokens,,false,
output,1000000,,output,text,output_tokens,,false,
reasoning,1000000,output,output,text,reasoning_tokens,output,false,
web_search,1000,,tool,search,web_searches,,false,
"""
ALIASES = "provider,pattern,target_provider,target_model,effective_from,effective_to,evidence_url,note\n"
RULES = (
    "provider,model,effective_from,effective_to,tier_mode,tier_basis,tier_comparison,"
    "min_quantity,increment,unit,billed_at,evidence_url,note\n"
)
DEFAULTS = {
    "provider": "acme",
    "model": "a-1",
    "unit": "input",
    "effective_from": "2025-01-01T00:00:00Z",
    "price": "3.00",
    "per": "1000000",
    "currency": "USD",
    "change_kind": "launch",
    "evidence_url": "https://acme.example/pricing",
    "evidence_date": "2025-01-01",
    "basis": "documented",
}


def price_line(**cells: str) -> str:
    """One line of a price file: a sound price of acme's a-1, but for the cells given."""
    values = {**DEFAULTS, **cells}
    assert set(values) <= set(HEADER.split(","))
    return ",".join(values.get(column, "") for column in HEADER.split(","))


class SeedsRepository:
    """A git work tree whose root, or a folder of it, holds seeds."""

    def __init__(self, root: Path, folder: str = "") -> None:
        self.root = root
        self.folder = root / folder if folder else root
        self.folder.mkdir(parents=True, exist_ok=True)

    def git(self, *arguments: str, author: str = "Ada", committer: str = "Ada") -> str:
        """Run git as a person, at a fixed time; the first time, make the repository."""
        if not (self.root / ".git").exists() and arguments[0] != "init":
            self.git("init", "--quiet", "--initial-branch=main")
        people = {}
        for role, name in (("AUTHOR", author), ("COMMITTER", committer)):
            people[f"GIT_{role}_NAME"] = name
            people[f"GIT_{role}_EMAIL"] = f"{name.lower()}@acme.example"
            people[f"GIT_{role}_DATE"] = "2026-02-03T04:05:06+01:00"
        command = ["git", "-C", str(self.root), *arguments]
        done = subprocess.run(command, env={**os.environ, **people}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, file: str, *lines: str) -> None:
        """Write a seed file; the header of price files is added."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join([HEADER, *lines, ""]) if file.startswith("prices/") else "".join(lines)
        path.write_text(text, encoding="utf-8")

    def write_sound(self, *lines: str) -> None:
        """Write every file that must be there, and these prices of acme (one, by default)."""
        self.write("units.csv", UNITS)
        self.write("model_aliases.csv", ALIASES)
        self.write("rules.csv", RULES)
        self.write("prices/acme.csv", *(lines or (price_line(),)))

    def commit(self, message: str = "Add prices", **people: str) -> str:
        """Commit all there is; the id of the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, **people)
        return self.git("rev-parse", "HEAD")

    def read(self) -> SeedFiles:
        """The seeds as committed."""
        return read_seeds(self.folder)

    def read_as_is(self) -> SeedFiles:
        """The seeds as they lie in the folder."""
        return read_seeds(self.folder, allow_uncommitted=True)


@pytest.fixture(autouse=True)
def _only_our_git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of whoever runs the tests, and no repository above the temporary folder."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def repository(tmp_path: Path) -> SeedsRepository:
    """An empty repository; `write_sound` and `commit` fill it."""
    return SeedsRepository(tmp_path / "seeds")


@pytest.fixture
def line():
    """The maker of price lines."""
    return price_line


@pytest.fixture(scope="session")
def shipped_folder() -> Path:
    """`pricing_seeds/` of this checkout."""
    return Path(__file__).resolve().parents[2] / "pricing_seeds"


@pytest.fixture(scope="session")
def shipped(shipped_folder: Path) -> Catalogue:
    """The catalogue of this checkout, as it lies there."""
    return parse(read_seeds(shipped_folder, allow_uncommitted=True))


@pytest.fixture
def alias_header() -> str:
    """The header of model_aliases.csv."""
    return ALIASES


@pytest.fixture
def rule_header() -> str:
    """The header of rules.csv."""
    return RULES
