"""The warehouse as a Dagster resource: where it is, which seeds it prices from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import InUse, SpanledgerError
from spanledger_warehouse.looking import read_configured_seeds, utc_now
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.settings import Settings, load_settings


@contextmanager
def told() -> Iterator[None]:
    """Say what failed in the words of the warehouse; only what may get better by itself is tried again."""
    try:
        yield
    except SpanledgerError as error:
        raise dg.Failure(
            str(error), metadata={"error": type(error).__name__}, allow_retries=isinstance(error, InUse)
        ) from error


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens the warehouse of a home folder.

    Attributes:
        home: the home folder; empty = `spanledger.toml` and `SPANLEDGER_HOME` decide.
        spool, landing: folders that lie elsewhere; empty = as the settings say, in the home if that is given.
        seeds_source, seeds_ref, private_source, private_ref, memory_limit: empty = as the settings say.
        uncommitted: price from files that are not committed; everything published then says so.
    """

    home: str = ""
    spool: str = ""
    landing: str = ""
    seeds_source: str = ""
    seeds_ref: str = ""
    private_source: str = ""
    private_ref: str = ""
    memory_limit: str = ""
    uncommitted: bool = False

    @classmethod
    def of(cls, settings: Settings, *, uncommitted: bool = False) -> "Warehouse":
        """The warehouse of settings that were read already: each of its steps sees the same."""
        return cls(
            home=str(settings.home.path),
            spool=str(settings.home.spool),
            landing=str(settings.home.landing),
            seeds_source=str(settings.seeds_source or ""),
            seeds_ref=settings.seeds_ref or "",
            private_source=str(settings.private_source or ""),
            private_ref=settings.private_ref or "",
            memory_limit=settings.memory_limit or "",
            uncommitted=uncommitted,
        )

    def settings(self) -> Settings:
        """The settings of this warehouse."""
        read = load_settings(self.home or None)
        folders = {name: Path(path) for name in ("spool", "landing") if (path := getattr(self, name))}
        return replace(
            read,
            home=replace(read.home, **folders),
            seeds_source=Path(self.seeds_source) if self.seeds_source else read.seeds_source,
            seeds_ref=self.seeds_ref or read.seeds_ref,
            private_source=Path(self.private_source) if self.private_source else read.private_source,
            private_ref=self.private_ref or read.private_ref,
            memory_limit=self.memory_limit or read.memory_limit,
        )

    def seeds(self, ref: str = "") -> SeedFiles:
        """The seeds that count now, or those of another git ref."""
        settings = self.settings()
        if ref:
            settings = replace(settings, seeds_ref=ref)
        with told():
            return read_configured_seeds(settings, uncommitted=self.uncommitted and not ref)

    @contextmanager
    def open(self, run_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for writing; the run is noted on first use."""
        with told(), connect(self.settings()) as connection:
            runs.start_run(connection, run_id, utc_now())
            yield connection
