"""Builds one SQL model for the days that changed: delete the days, insert the days, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from spanledger_warehouse.errors import ModelError
from spanledger_warehouse.models import Model, discover

# A day of any time zone begins and ends within a day of the UTC day of the same date.
_ZONES = 1
# `from schema.table` or `join schema.table`, with its alias where it has one.
_TABLE = re.compile(r"\b(from|join)\s+([a-z_]+\.[a-z_0-9]+)(?:\s+as\s+([a-z_0-9]+))?")


@dataclass(frozen=True)
class Built:
    """What building a model did.

    Attributes:
        name: `schema.table`.
        rows: rows of the rebuilt days (of the whole table where it has no days).
        days: the days that were rebuilt; empty where the table has none.
    """

    name: str
    rows: int
    days: tuple[date, ...]


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or nothing of it."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        # After a full disk the transaction is gone already; the error that tells so must not be hidden by another.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
    connection.execute("commit")


def create_loaded(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that loaders fill, where they are not there yet."""
    for model in discover().values():
        if model.is_loaded:
            connection.execute(model.sql.replace("create table", "create table if not exists", 1))


def build(connection: duckdb.DuckDBPyConnection, model: Model, days: Sequence[date]) -> Built:
    """Build a model.

    Args:
        connection: the warehouse, for writing.
        model: any model but a loaded one.
        days: the days that changed; a table without days is built whole.

    Raises:
        ModelError: DuckDB refuses the statement; names the file.
    """
    try:
        return _build(connection, model, sorted(set(days)))
    except duckdb.Error as error:
        raise ModelError(f"sql/{model.schema}/{model.name}.sql cannot be built: {error}") from error


def contiguous(days: Iterable[date]) -> list[tuple[date, date]]:
    """Runs of neighbouring days as (first, last): one statement each keeps far-apart days cheap."""
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def touched_days(model: Model, days: Iterable[date]) -> list[date]:
    """The days of the model's own calendar that rows of these UTC days can belong to."""
    around = range(1) if model.day_column == "day" else range(-_ZONES, _ZONES + 1)
    return sorted({day + timedelta(days=offset) for day in days for offset in around})


def sql_of_days(model: Model, first: date, last: date) -> str:
    """The statement with every table that is itself kept by day cut to these days.

    Rows of a day are made of upstream rows of that day. Saying so where the table is read keeps the cost of a day
    the same however long the history, whatever an engine's optimizer makes of a condition on the outside.
    """
    models = discover()

    def cut(found: re.Match[str]) -> str:
        keyword, name, alias = found.group(1), found.group(2), found.group(3)
        column = models[name].day_column if name in models else None
        if column is None:
            return found.group(0)
        around = timedelta(days=0 if column == model.day_column else _ZONES)
        days = f"where {column} between date '{first - around}' and date '{last + around}'"
        return f"{keyword} (select * from {name} {days}) as {alias or name.split('.')[1]}"

    return _TABLE.sub(cut, model.sql)


def column_types(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    """The columns of a table with their DuckDB types."""
    return {column: kind for column, kind, *_ in connection.execute(f"describe {name}").fetchall()}


def count_rows(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Rows of the whole table; 0 for a view, which holds none."""
    return 0 if model.materialized == "view" else _count(connection, model.full_name)


def _build(connection: duckdb.DuckDBPyConnection, model: Model, days: list[date]) -> Built:
    _drop_other_kind(connection, model)
    match model.materialized:
        case "view":
            connection.execute(f"create or replace view {model.full_name} as {model.sql}")
            return Built(model.full_name, 0, ())
        case "full":
            connection.execute(f"create or replace table {model.full_name} as {model.sql}")
            return Built(model.full_name, _count(connection, model.full_name), ())
        case "for the run":
            _set_days(connection, days[0] if days else date.min, days[-1] if days else date.min)
            connection.execute(f"create or replace table {model.full_name} as {model.sql}")
            return Built(model.full_name, _count(connection, model.full_name), ())
        case "by day":
            return _build_days(connection, model, days)
    raise ModelError(f"{model.full_name} is {model.materialized}; a loader fills it, it cannot be built")


def _drop_other_kind(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make room where an earlier release kept as a table what is a view now, or the other way round."""
    is_view = connection.execute(
        "select table_type = 'VIEW' from information_schema.tables "
        "where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [model.schema, model.name],
    ).fetchone()
    if is_view is not None and is_view[0] != (model.materialized == "view"):
        connection.execute(f"drop {'view' if is_view[0] else 'table'} {model.full_name}")


def _build_days(connection: duckdb.DuckDBPyConnection, model: Model, days: list[date]) -> Built:
    _set_days(connection, date.min, date.min)
    _create_or_replace_shape(connection, model)
    rows = 0
    column = model.day_column
    for first, last in contiguous(touched_days(model, days)):
        _set_days(connection, first, last)
        with transaction(connection):
            connection.execute(f"delete from {model.full_name} where {column} between ? and ?", [first, last])
            inserted = connection.execute(
                f"insert into {model.full_name} by name select * from ({sql_of_days(model, first, last)}) as built "
                f"where {column} between date '{first}' and date '{last}'"
            ).fetchone()
        rows += int(inserted[0]) if inserted else 0
    return Built(model.full_name, rows, tuple(days))


def _create_or_replace_shape(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create the table, or replace it when a release changed its columns (then every day is being rebuilt)."""
    wanted = _shape(connection, f"({model.sql})")
    exists = connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = ? and database_name = current_database()",
        [model.schema, model.name],
    ).fetchone()
    if exists and _shape(connection, model.full_name) == wanted:
        return
    connection.execute(
        f"create or replace table {model.full_name} as select * from ({model.sql}) as built limit 0"
    )


def _shape(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    described = connection.execute(f"describe select * from {relation} as described").fetchall()
    return [(row[0], row[1]) for row in described]


def _set_days(connection: duckdb.DuckDBPyConnection, first: date, last: date) -> None:
    connection.execute("set variable from_day = ?", [first])
    connection.execute("set variable to_day = ?", [last])


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return int(row[0]) if row else 0
