"""Row-level tests of SQL models: given rows in, rows of the model out, in a real in-memory DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import duckdb

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.models import Model, discover

Row = Mapping[str, Any]
Given = Mapping[str, Iterable[Row]]
DAY = date(2026, 3, 10)


@cache
def shapes() -> Mapping[str, Mapping[str, str]]:
    """Columns and types of every table, as an empty warehouse builds them."""
    with duckdb.connect() as connection:
        prepare(connection)
        create_loaded(connection)
        found: dict[str, Mapping[str, str]] = {}
        for model in discover().values():
            if not model.is_loaded:
                build(connection, model, [DAY])
        rows = connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
            "where not internal order by 1, column_index"
        ).fetchall()
    for table, column, kind in rows:
        found[table] = {**found.get(table, {}), column: kind}
    return found


def run_model(
    name: str, given: Given | None = None, *, days: Sequence[date] = (DAY,)
) -> list[dict[str, Any]]:
    """The rows of a model over the given rows, in the order of its grain.

    Args:
        name: `schema.table`.
        given: rows of the tables that it reads, with the columns that matter; every other column is null, every
            other table empty.
        days: the days to build.
    """
    model = discover()[name]
    given = given or {}
    stray = set(given) - {*model.upstream, *(table for table in shapes() if table.startswith("ops."))}
    assert not stray, f"{name} does not read {', '.join(sorted(stray))}"
    connection = _empty_warehouse()
    connection.execute(f"drop table {name}")
    try:
        for table, rows in given.items():
            give(connection, table, rows)
        build(connection, model, days)
        return rows_of(connection, model)
    finally:
        connection.execute(f"drop {'view' if model.materialized == 'view' else 'table'} if exists {name}")
        for table in (name, *given):
            give(connection, table, ())


@cache
def _empty_warehouse() -> duckdb.DuckDBPyConnection:
    """A warehouse with every table, empty and without constraints; one for all tests of the process."""
    connection = duckdb.connect(config={"threads": 1})
    prepare(connection)
    for table in shapes():
        give(connection, table, ())
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, model: Model) -> list[dict[str, Any]]:
    """All rows of a built model, in the order of its grain."""
    keys = [key for key in model.grain if key in shapes()[model.full_name]]
    order = f" order by {', '.join(keys)}" if keys else ""
    return query(connection, f"select * from {model.full_name}{order}")


def query(connection: duckdb.DuckDBPyConnection, sql: str, parameters: object = None) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    result = connection.execute(sql, parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def pick(rows: Iterable[Row], *columns: str) -> list[tuple[Any, ...]]:
    """The rows' values of a few columns."""
    return [tuple(row[column] for column in columns) for row in rows]


def give(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    """Create a table in its real shape, without constraints, and put rows with some of its columns into it."""
    shape = shapes()[table]
    columns = ", ".join(f"{name} {kind}" for name, kind in shape.items())
    connection.execute(f"create or replace table {table} ({columns})")
    for row in rows:
        unknown = set(row) - set(shape)
        assert not unknown, f"{table} has no column {', '.join(sorted(unknown))}"
        values = ", ".join(_value(shape[name]) for name in row)
        parameters = [part for name in row for part in _parameters(shape[name], row[name])]
        connection.execute(f"insert into {table} ({', '.join(row)}) values ({values})", parameters)


def _value(kind: str) -> str:
    return "map(?, ?)" if kind.startswith("MAP") else f"cast(? as {kind})"


def _parameters(kind: str, value: Any) -> list[Any]:
    return [list(value), list(value.values())] if kind.startswith("MAP") else [value]
