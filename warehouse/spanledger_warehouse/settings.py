"""Where things are and which seeds count: one file (`spanledger.toml`) and `SPANLEDGER_*` variables.

A variable wins over the file, the file over the default. Each setting is documented in `warehouse/README.md`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanledger_warehouse.errors import ConfigurationError

CONFIG_FILE = "spanledger.toml"
VARIABLES = {
    "SPANLEDGER_CONFIG": "config",
    "SPANLEDGER_HOME": "home",
    "SPANLEDGER_SPOOL": "spool",
    "SPANLEDGER_LANDING": "landing",
    "SPANLEDGER_SEEDS": "seeds.source",
    "SPANLEDGER_SEEDS_REF": "seeds.ref",
    "SPANLEDGER_PRIVATE_SEEDS": "seeds.private",
    "SPANLEDGER_PRIVATE_SEEDS_REF": "seeds.private_ref",
    "SPANLEDGER_MEMORY_LIMIT": "memory_limit",
    "SPANLEDGER_LANDING_DAYS": "retention.landing_days",
    "SPANLEDGER_QUARANTINE_DAYS": "retention.quarantine_days",
}


@dataclass(frozen=True)
class Home:
    """The folder that holds everything that one warehouse writes."""

    path: Path
    spool: Path
    landing: Path

    @property
    def quarantine(self) -> Path:
        """Bytes that could not be accepted, to be replayed after a fix."""
        return self.path / "quarantine"

    @property
    def archive(self) -> Path:
        """Every record that was loaded, as Parquet by day; what a rebuild reads."""
        return self.path / "archive"

    @property
    def warehouse_file(self) -> Path:
        """The writer's database; readers use `published_file`."""
        return self.path / "warehouse" / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The folder of published versions."""
        return self.path / "published"

    @property
    def published_file(self) -> Path:
        """The read-only database that data teams open. Its catalog is always `spanledger`."""
        return self.published / "spanledger.duckdb"

    @property
    def parquet(self) -> Path:
        """The same marts as Parquet."""
        return self.published / "parquet"


@dataclass(frozen=True)
class Retention:
    """After how many days what is kept twice, or long enough, is removed; None = never."""

    landing_days: int | None = None
    quarantine_days: int | None = None


@dataclass(frozen=True)
class Settings:
    """All settings of the warehouse.

    Attributes:
        home: the folders.
        seeds_source: the configured seeds folder or repository; None = the checkout's, else the wheel's.
        seeds_ref: the git ref to price from; None = the default branch, else HEAD.
        private_source: the repository of contracts, tenants and budgets, where they live apart; None = they do not.
        private_ref: the git ref to read of it; None = its default branch, else HEAD.
        memory_limit: DuckDB's memory limit, such as `4GB`; None = DuckDB's default.
        retention: when archived landing files and quarantined bytes are removed; by default never.
    """

    home: Home
    seeds_source: Path | None = None
    seeds_ref: str | None = None
    private_source: Path | None = None
    private_ref: str | None = None
    memory_limit: str | None = None
    retention: Retention = Retention()


def load_settings(home: Path | str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        home: overrides the home folder of the file and of the environment.
        environ: the environment; `os.environ` by default.

    Raises:
        ConfigurationError: the file cannot be parsed, or holds a key that means nothing.
    """
    env = os.environ if environ is None else environ
    named = env.get("SPANLEDGER_CONFIG")
    values = _from_file(Path(named or CONFIG_FILE), required=bool(named))
    values.update({key: env[name] for name, key in VARIABLES.items() if env.get(name) and key != "config"})
    if home is not None:
        values = {key: value for key, value in values.items() if key not in {"spool", "landing"}}
        values["home"] = str(home)
    root = Path(values.get("home", ".spanledger")).expanduser()
    source, private = (values.get(key) for key in ("seeds.source", "seeds.private"))
    return Settings(
        home=Home(
            path=root,
            spool=Path(values.get("spool", root / "spool")).expanduser(),
            landing=Path(values.get("landing", root / "landing")).expanduser(),
        ),
        seeds_source=Path(source).expanduser() if source else None,
        seeds_ref=values.get("seeds.ref"),
        private_source=Path(private).expanduser() if private else None,
        private_ref=values.get("seeds.private_ref"),
        memory_limit=values.get("memory_limit"),
        retention=Retention(
            _days(values, "retention.landing_days"), _days(values, "retention.quarantine_days")
        ),
    )


def _days(values: Mapping[str, str], key: str) -> int | None:
    text = values.get(key)
    if text is not None and not re.fullmatch(r"[0-9]{1,5}", text):
        raise ConfigurationError(f"{key} is {text!r}; it must be a whole number of days, such as '30'")
    return None if text is None else int(text)


def _from_file(path: Path, *, required: bool) -> dict[str, str]:
    if not path.is_file():
        if required:
            raise ConfigurationError(
                f"SPANLEDGER_CONFIG names {path}, which is not a file; correct or unset it"
            )
        return {}
    try:
        flat = _flatten(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}; correct the file") from error
    known = set(VARIABLES.values()) - {"config"}
    for key, value in flat.items():
        if key not in known:
            raise ConfigurationError(f"{path}: unknown setting '{key}'; known are {', '.join(sorted(known))}")
        if not isinstance(value, str):
            raise ConfigurationError(f"{path}: setting '{key}' is {value!r}; it must be a string")
    return {key: str(value) for key, value in flat.items()}


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
