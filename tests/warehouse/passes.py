"""A warehouse in a temporary home, and one pass over it by the steps that the orchestrator calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import duckdb
from tests.warehouse.harness import query
from tests.warehouse.records import write_records
from tests.warehouse.seeds import seed_files

from spanledger_warehouse import pending, runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.landing.loading import LoadResult
from spanledger_warehouse.looking import Look, look
from spanledger_warehouse.seeds.source import SeedFiles, read_seeds
from spanledger_warehouse.settings import Settings, load_settings


class Ledger:
    """A warehouse of its own, with a clock that moves a minute a run."""

    def __init__(self, home: Path, seeds: dict[str, str] | None = None) -> None:
        self.settings: Settings = load_settings(home, {})
        self.texts = seeds or {}
        self.seeds_folder: Path | None = None
        self.now = datetime(2026, 4, 1, tzinfo=UTC).replace(tzinfo=None)
        self.run_number = 0

    @property
    def seeds(self) -> SeedFiles:
        """The seeds that count now: of the repository where there is one."""
        if self.seeds_folder is not None:
            return read_seeds(self.seeds_folder)
        return seed_files(self.texts, commit=f"commit-{crc32(repr(self.texts).encode()):08x}")

    def land(self, name: str, records: Iterable[Any]) -> Path:
        """Put a file into the landing zone."""
        return write_records(self.settings.home.landing / name, records)

    def begin(self) -> str:
        """The id of the next run."""
        self.run_number += 1
        self.now += timedelta(minutes=1)
        return f"run-{self.run_number}"

    def run(self) -> list[date]:
        """One whole pass; the days that it rebuilt."""
        run_id = self.begin()
        with connect(self.settings) as connection:
            connection.execute("set threads = 1")  # a handful of rows: more threads only wait for each other
            runs.start_run(connection, run_id, self.now)
            runs.load_landing(connection, self.settings, run_id=run_id, now=self.now)
            runs.load_seeds(connection, self.seeds, run_id=run_id, now=self.now)
            runs.load_closed(connection, self.settings, run_id=run_id)
            days = pending.dirty_days(connection)
            self.build(connection, run_id)
            runs.publish_run(connection, self.settings, run_id=run_id, now=self.now)
            runs.archive_landing(connection, self.settings)
        return days

    def publish(self) -> None:
        """Only publish what is built."""
        run_id = self.begin()
        with connect(self.settings) as connection:
            runs.start_run(connection, run_id, self.now)
            runs.publish_run(connection, self.settings, run_id=run_id, now=self.now)

    def build(self, connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
        """Build every model."""
        for model in runs.models_in_order():
            runs.build_model(connection, model, run_id=run_id, now=self.now)

    def load(self) -> LoadResult:
        """Only load the landing zone."""
        run_id = self.begin()
        with connect(self.settings) as connection:
            runs.start_run(connection, run_id, self.now)
            return runs.load_landing(connection, self.settings, run_id=run_id, now=self.now)

    def look(self) -> Look:
        """Whether a run would do anything."""
        return look(self.settings, self.seeds)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the writer's database."""
        with connect(self.settings) as connection:
            return query(connection, sql)

    @contextmanager
    def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published file, as a reader opens it."""
        with duckdb.connect(str(self.settings.home.published_file), read_only=True) as connection:
            yield connection

    def published_rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the published file."""
        with self.published() as connection:
            return query(connection, sql)
