"""Opens the writer's database with the settings that exactness needs: UTC, its schemas, its macros."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import DatabaseError, InUse
from spanledger_warehouse.manifest import check_manifest, require_database, write_manifest
from spanledger_warehouse.otlp import dialects
from spanledger_warehouse.settings import Settings

SCHEMAS = ("raw", "staging", "pricing", "ledger", "marts", "ops")
# Raised, with a pair of statements in sql/migrations, when the shape of what is not rebuilt changes.
SCHEMA_VERSION = 2
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
        DatabaseError: it lost something that was loaded, or another release wrote it.
        InUse: another process holds it.
    """
    path = settings.home.warehouse_file
    require_database(path)
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = open_database(path, read_only=read_only)
    try:
        prepare(connection, memory_limit=settings.memory_limit, create=not read_only)
        check_manifest(connection, path)
        yield connection
        if not read_only:
            write_manifest(connection, path)
    finally:
        connection.close()


def prepare(
    connection: duckdb.DuckDBPyConnection, *, memory_limit: str | None = None, create: bool = True
) -> None:
    """Set the session up: UTC, memory, and (when writing) schemas, macros and bookkeeping tables.

    Raises:
        DatabaseError: another release wrote it.
    """
    connection.execute("set timezone = 'UTC'")
    connection.execute("set preserve_insertion_order = true")
    if memory_limit is not None:
        connection.execute("set memory_limit = ?", [memory_limit])
    version = schema_version(connection)
    _require_version(version)
    if not create:
        return
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(sql_text("ops", "ops"))
    connection.execute(sql_text("staging", "macros"))
    connection.execute(dialects.macros())
    if version is None:
        connection.execute("insert into ops.schema_version values (?, current_timestamp)", [SCHEMA_VERSION])


def schema_version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The schema version of a warehouse; None for a database that is new."""
    exists = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'schema_version' "
        "and database_name = current_database()"
    ).fetchone()
    row = connection.execute("select max(version) from ops.schema_version").fetchone() if exists else None
    return int(row[0]) if row and row[0] is not None else None


def open_database(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a database file as it is.

    Raises:
        DatabaseError: it cannot be read.
        InUse: another process holds it.
    """
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise InUse(
                f"{path} is in use by another process; wait for its run to end (readers use the published file)"
            ) from error
        raise DatabaseError(
            f"{path} cannot be opened: {error}; if it is damaged, build it anew from the archive with "
            "`spanledger rebuild`, or restore a backup with `spanledger restore`"
        ) from error
    except duckdb.Error as error:
        raise DatabaseError(
            f"{path} is damaged: {error}; build it anew from the archive with `spanledger rebuild`, or restore a "
            "backup with `spanledger restore`"
        ) from error


def _require_version(found: int | None) -> None:
    if found is not None and found > SCHEMA_VERSION:
        raise DatabaseError(
            f"the warehouse has schema version {found}, this release knows {SCHEMA_VERSION}; install the newer "
            f"release, or take the database back with it: `spanledger migrate --to {SCHEMA_VERSION}`"
        )
    if found is not None and found < SCHEMA_VERSION:
        raise DatabaseError(
            f"the warehouse has schema version {found}, this release needs {SCHEMA_VERSION}; run `spanledger migrate` "
            "(it keeps a copy first), or build it anew from the archive with `spanledger rebuild`"
        )
