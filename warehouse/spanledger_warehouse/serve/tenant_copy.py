"""What of a published file belongs to a set of tenants, copied into a database in which nothing else exists.

A table with a `tenant_id` is copied by it. A table without one is copied by its rule, `sql/serve/scope/<table>.sql`;
a rule also replaces the copy by tenant where a column could name somebody else. A table with neither stays empty:
what is published tomorrow is shut until somebody has thought about it (a test asks for the thought).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from spanledger_warehouse.database import STORAGE_VERSION
from spanledger_warehouse.serve.locking import lock, open_memory

_SOURCE = "source"
# As long as the list of calls, or needed for single calls only: a copy in memory goes without.
BULK = (
    "ledger.cost_lines",
    "marts.calls",
    "marts.corrections",
    "marts.costs_by_operation_and_model",
    "marts.failed_calls",
    "marts.price_audit",
    "marts.recent_calls",
    "pricing.prices",
)


@dataclass(frozen=True)
class Table:
    """A table of the published file."""

    schema: str
    name: str
    has_tenant: bool

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"


def copy_to_memory(
    published: Path, tenants: Collection[str], *, memory_limit: str
) -> duckdb.DuckDBPyConnection:
    """The marts of these tenants in memory, locked. The published file is detached before anybody asks."""
    connection = open_memory(memory_limit=memory_limit, threads=1)
    _copy(connection, published, tenants, "memory", leave_out=BULK)
    lock(connection)
    return connection


def write_file(published: Path, tenants: Collection[str], file: Path) -> None:
    """Write all that belongs to these tenants as a database file of the same shape as the published one.

    Args:
        published: the published file; it is only read.
        tenants: whose rows.
        file: where to; must not exist. It appears when it is complete.
    """
    partial = file.with_name(f".{file.name}.new")
    partial.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{_quoted(partial)}' as spanledger (storage_version '{STORAGE_VERSION}')")
        _copy(connection, published, tenants, "spanledger", leave_out=())
        connection.execute("checkpoint spanledger")
        connection.execute("use memory")
        connection.execute("detach spanledger")
    partial.rename(file)


def rule(table: str) -> str | None:
    """The select statement by which a table is copied; None where its `tenant_id` says it all."""
    return _rules().get(table)


@cache
def _rules() -> dict[str, str]:
    folder = resources.files("spanledger_warehouse") / "sql" / "serve" / "scope"
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def _copy(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    tenants: Collection[str],
    target: str,
    *,
    leave_out: Collection[str],
) -> None:
    connection.execute("set timezone = 'UTC'")
    connection.execute("set variable tenants = ?", [sorted(tenants)])
    connection.execute(f"attach '{_quoted(published)}' as {_SOURCE} (read_only)")
    tables = list(_tables(connection))
    connection.execute(f"use {_SOURCE}")
    for table in tables:
        if table.full_name not in leave_out:
            connection.execute(f"create schema if not exists {target}.{table.schema}")
            connection.execute(f"create table {target}.{table.full_name} as {_selection(table)}")
    connection.execute(f"use {target}")
    connection.execute(f"detach {_SOURCE}")
    connection.execute("reset variable tenants")


def _selection(table: Table) -> str:
    statement = rule(table.full_name)
    if statement is not None:
        return statement
    if table.has_tenant:
        return f"select * from {table.full_name} where tenant_id in (select unnest(getvariable('tenants')))"
    return f"select * from {table.full_name} limit 0"


def _tables(connection: duckdb.DuckDBPyConnection) -> Iterator[Table]:
    rows = connection.execute(
        "select schema_name, table_name, bool_or(column_name = 'tenant_id') from duckdb_columns() "
        "where database_name = ? group by schema_name, table_name order by schema_name, table_name",
        [_SOURCE],
    ).fetchall()
    return (Table(*row) for row in rows)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
