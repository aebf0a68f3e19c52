"""A landing zone and an in-memory warehouse that loads it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.warehouse.harness import pick, query
from tests.warehouse.records import NOON, write_records

from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.landing.loading import LoadResult, load
from spanledger_warehouse.settings import load_settings


class Zone:
    """Files go in, `load` loads them, `rows` looks into `raw`."""

    def __init__(self, home: Path) -> None:
        self.home = load_settings(home, {}).home
        self.home.landing.mkdir(parents=True)
        self.connection = duckdb.connect(config={"threads": 1})
        prepare(self.connection)
        create_loaded(self.connection)

    def land(self, name: str, records: Iterable[Any]) -> Path:
        """Put records (or lines) into a landing file."""
        return write_records(self.home.landing / name, records)

    def land_bytes(self, name: str, content: bytes) -> Path:
        """Put bytes into a landing file."""
        path = self.home.landing / name
        path.write_bytes(content)
        return path

    def load(self, run_id: str = "run") -> LoadResult:
        """Load what is new."""
        return load(self.connection, self.home, run_id=run_id, now=NOON.replace(tzinfo=None))

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of a raw table, by file and line."""
        order = "file_id" if table == "raw.files" else "file_id, line"
        return pick(query(self.connection, f"select * from {table} order by {order}"), *columns)

    def rejects(self) -> list[tuple[int, str]]:
        """Line and reason of what was refused."""
        return self.rows("raw.rejects", "line", "reason")

    def count(self, table: str) -> int:
        """Rows of a table."""
        return len(self.connection.execute(f"select 1 from {table}").fetchall())


@pytest.fixture
def zone(tmp_path: Path) -> Iterable[Zone]:
    """An empty landing zone."""
    made = Zone(tmp_path / "home")
    yield made
    made.connection.close()
