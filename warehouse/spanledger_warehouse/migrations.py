"""Schema versions of the warehouse: forward and back, in one transaction, verified, with a copy kept.

Only what cannot be derived is migrated: what arrived (`raw`), the bookkeeping (`ops`) and what was restated. Seeds are
read again and models are built again, so their tables are dropped. A pair of statements per version:

    sql/migrations/NNNN_<name>.forward.sql    from version NNNN - 1 to NNNN
    sql/migrations/NNNN_<name>.back.sql       from version NNNN to NNNN - 1
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from spanledger_warehouse.build import create_loaded, transaction
from spanledger_warehouse.database import SCHEMA_VERSION, open_database, prepare, schema_version
from spanledger_warehouse.errors import DatabaseError
from spanledger_warehouse.manifest import check_manifest
from spanledger_warehouse.settings import Settings

# What a migration must not lose a row of.
KEPT = ("raw", "ops")
KEPT_MARTS = ("daily_costs", "restatements")
_DERIVED = ("staging", "ledger", "pricing", "marts")


@dataclass(frozen=True)
class Migration:
    """One step: the statements to a version and back from it."""

    version: int
    name: str
    forward: str
    back: str


@dataclass(frozen=True)
class Migrated:
    """What a migration did.

    Attributes:
        before, after: the schema versions; equal when there was nothing to do.
        steps: the names of the steps, in order.
        days: days that the next run builds again.
        copy: the database as it was; None when there was nothing to do.
    """

    before: int
    after: int
    steps: tuple[str, ...] = ()
    days: int = 0
    copy: Path | None = None


@cache
def migrations() -> tuple[Migration, ...]:
    """All steps, oldest first."""
    folder = resources.files("spanledger_warehouse") / "sql" / "migrations"
    names = sorted(
        file.name.removesuffix(".forward.sql")
        for file in folder.iterdir()
        if file.name.endswith(".forward.sql")
    )

    def text(name: str, direction: str) -> str:
        return (folder / f"{name}.{direction}.sql").read_text(encoding="utf-8")

    return tuple(
        Migration(int(name[:4]), name[5:].replace("_", " "), text(name, "forward"), text(name, "back"))
        for name in names
    )


def migrate(settings: Settings, *, to: int = SCHEMA_VERSION) -> Migrated:
    """Bring the warehouse to a schema version.

    Args:
        settings: of the warehouse.
        to: the version; an older one to take the database back to the release that needs it.

    Raises:
        DatabaseError: there is no database, no such version, or the result is not what it has to be; the database
            is as it was.
    """
    path = settings.home.warehouse_file
    if not path.is_file():
        raise DatabaseError(
            f"there is no warehouse at {path}; nothing to migrate, `spanledger run` makes one"
        )
    if not 1 <= to <= SCHEMA_VERSION:
        raise DatabaseError(f"there is no schema version {to}; this release knows 1 to {SCHEMA_VERSION}")
    connection = open_database(path)
    try:
        check_manifest(connection, path)
        found = schema_version(connection)
        if found is None or found > SCHEMA_VERSION:
            raise DatabaseError(f"{path} has schema version {found}; install the release that wrote it")
        if found == to:
            return Migrated(found, to)
        connection.execute("force checkpoint")
        copy = _keep_copy(path, found)
        with transaction(connection):
            steps = _step(connection, found, to)
            days = _leave_to_next_run(connection, to)
        if to == SCHEMA_VERSION:
            prepare(connection, memory_limit=settings.memory_limit)
            create_loaded(connection)
    finally:
        connection.close()
    return Migrated(found, to, tuple(steps), days, copy)


def shapes(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Columns and types of every table that a migration keeps."""
    rows = connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where not internal and database_name = current_database() "
        "and (list_contains(?, schema_name) or (schema_name = 'marts' and table_name = 'restatements')) "
        "order by 1, column_index",
        [list(KEPT)],
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        found.setdefault(table, []).append((column, kind))
    return found


def _keep_copy(path: Path, version: int) -> Path:
    copy = path.with_name(f"{path.stem}.version-{version}.duckdb")
    partial = copy.with_suffix(".part")
    shutil.copyfile(path, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(copy)
    return copy


def _step(connection: duckdb.DuckDBPyConnection, found: int, to: int) -> list[str]:
    counts = _row_counts(connection)
    if to > found:
        steps = [step for step in migrations() if found < step.version <= to]
    else:
        steps = [step for step in reversed(migrations()) if to < step.version <= found]
    for step in steps:
        connection.execute(step.forward if to > found else step.back)
    if (lost := _row_counts(connection).items() ^ counts.items()) and any(name in counts for name, _ in lost):
        raise DatabaseError(
            f"the migration changes the number of rows that arrived: {dict(lost)}; it was undone"
        )
    if to == SCHEMA_VERSION:
        _require_shape(connection)
    return [step.name for step in steps]


def _row_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = {}
    for (table,) in connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()"
    ).fetchall():
        row = connection.execute(f"select count(*) from raw.{table}").fetchone()
        counts[f"raw.{table}"] = int(row[0]) if row else 0
    return counts


def _require_shape(connection: duckdb.DuckDBPyConnection) -> None:
    """What was migrated must look like what this release makes anew."""
    with duckdb.connect() as fresh:
        prepare(fresh)
        create_loaded(fresh)
        wanted = shapes(fresh)
    found = shapes(connection)
    for table, columns in wanted.items():
        if found.get(table, columns) != columns:
            differing = sorted(set(columns) ^ set(found[table]))
            raise DatabaseError(
                f"the migration leaves {table} in another shape than this release needs ({differing}); it was undone. "
                "Build the warehouse anew from the archive: `spanledger rebuild`"
            )


def _leave_to_next_run(connection: duckdb.DuckDBPyConnection, to: int) -> int:
    """Drop what is derived; note every day as work."""
    objects = connection.execute(
        "select schema_name, view_name, 'view' from duckdb_views() "
        "where not internal and database_name = current_database() union all "
        "select schema_name, table_name, 'table' from duckdb_tables() where database_name = current_database()"
    ).fetchall()
    for schema, name, kind in objects:
        if schema in _DERIVED and not (schema == "marts" and name in KEPT_MARTS):
            connection.execute(f'drop {kind} {schema}."{name}"')
    connection.execute("delete from ops.schema_version")
    connection.execute("insert into ops.schema_version values (?, current_timestamp)", [to])
    row = connection.execute(
        "insert into ops.dirty_days (day, cause, detail, run_id) "
        "select distinct day, 'migration', 'schema version ' || ?, 'migration' from raw.spans",
        [to],
    ).fetchone()
    return int(row[0]) if row else 0
