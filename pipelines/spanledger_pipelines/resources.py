"""The warehouse as a Dagster resource: where it is, which seeds it prices from."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.looking import read_configured_seeds, utc_now
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.settings import Settings, load_settings


class Warehouse(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens the warehouse of a home folder.

    Attributes:
        home: the home folder; empty = `spanledger.toml` and `SPANLEDGER_HOME` decide.
        uncommitted: price from files that are not committed; everything published then says so.
    """

    home: str = ""
    uncommitted: bool = False

    def settings(self) -> Settings:
        """The settings of this warehouse."""
        return load_settings(self.home or None)

    def seeds(self) -> SeedFiles:
        """The seeds that count now."""
        return read_configured_seeds(self.settings(), uncommitted=self.uncommitted)

    @contextmanager
    def open(self, run_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for writing; the run is noted on first use."""
        with connect(self.settings()) as connection:
            runs.start_run(connection, run_id, utc_now())
            yield connection
