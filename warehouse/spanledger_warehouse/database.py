"""Opens the writer's database with the settings that exactness needs: UTC, its schemas, its macros."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.settings import Settings

SCHEMAS = ("raw", "staging", "pricing", "ledger", "marts", "ops")
SCHEMA_VERSION = 1
# Files of older clients must be able to read what we publish (design §5: DuckDB 1.4+).
STORAGE_VERSION = "v1.4.0"


def sql_text(folder: str, name: str) -> str:
    """The text of `sql/<folder>/<name>.sql` of the installed package."""
    return (resources.files("spanledger_warehouse") / "sql" / folder / f"{name}.sql").read_text(
        encoding="utf-8"
    )


def literal_path(path: Path) -> str:
    """The path as DuckDB's readers take it for this one file: `*`, `?` and `[` in a name are no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


@contextmanager
def connect(settings: Settings, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse; create it when it is new.

    Raises:
        SpanledgerError: another process holds it, or it was written by a newer release.
    """
    path = settings.home.warehouse_file
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(path, read_only=read_only)
    try:
        prepare(connection, memory_limit=settings.memory_limit, create=not read_only)
        yield connection
    finally:
        connection.close()


def prepare(
    connection: duckdb.DuckDBPyConnection, *, memory_limit: str | None = None, create: bool = True
) -> None:
    """Set the session up: UTC, memory, and (when writing) schemas, macros and bookkeeping tables."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set preserve_insertion_order = true")
    if memory_limit is not None:
        connection.execute("set memory_limit = ?", [memory_limit])
    if not create:
        return
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(sql_text("ops", "ops"))
    connection.execute(sql_text("staging", "macros"))
    _check_version(connection)


def _open(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise SpanledgerError(
                f"{path} is in use by another process; wait for its run to end (readers use the published file)"
            ) from error
        raise SpanledgerError(f"{path} cannot be opened: {error}") from error


def _check_version(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute("select max(version) from ops.schema_version").fetchone()
    found = row[0] if row else None
    if found is None:
        connection.execute("insert into ops.schema_version values (?, current_timestamp)", [SCHEMA_VERSION])
    elif found > SCHEMA_VERSION:
        raise SpanledgerError(
            f"the warehouse has schema version {found}, this release knows {SCHEMA_VERSION}; install the newer release"
        )
