"""Which part of the ledger an export hands over."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Window:
    """A tenant and days.

    Attributes:
        tenant: only this tenant; None = all.
        first_day, last_day: UTC days, both inclusive; None = open.
    """

    tenant: str | None = None
    first_day: date | None = None
    last_day: date | None = None

    def bind(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Set the variables that the statements of an export read."""
        for name, value in vars(self).items():
            connection.execute(f"set variable {name} = ?", [value])


def exported_marts(connection: duckdb.DuckDBPyConnection, window: Window) -> list[str]:
    """Names of the published marts; for one tenant only those whose rows name their tenant."""
    rows = connection.execute(
        "select table_name, bool_or(column_name = 'tenant_id') from duckdb_columns()"
        " where schema_name = 'marts' group by table_name order by table_name"
    ).fetchall()
    return [name for name, names_tenant in rows if names_tenant or window.tenant is None]


def rows_of(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    """A query for the rows of a mart in the bound window. A mart without days is not narrowed by days."""
    columns = columns_of(connection, mart)
    filters = []
    if "tenant_id" in columns:
        filters.append(
            "(getvariable('tenant') is null or tenant_id = cast(getvariable('tenant') as varchar))"
        )
    day = next((name for name in ("day", "business_day") if name in columns), None)
    if day:
        filters.append(f"{day} >= coalesce(cast(getvariable('first_day') as date), '-infinity')")
        filters.append(f"{day} <= coalesce(cast(getvariable('last_day') as date), 'infinity')")
    where = f" where {' and '.join(filters)}" if filters else ""
    return f"select * from marts.{mart}{where} order by all"


def columns_of(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[str, str]:
    """Columns of a mart and their types."""
    return {row[0]: row[1] for row in connection.execute(f"describe marts.{mart}").fetchall()}


def days_of_month(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])
