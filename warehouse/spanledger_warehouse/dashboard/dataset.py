"""What the dashboard shows, read from the published file: the same object for the server and for a file on disk."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any

import duckdb

from spanledger_warehouse.reading.published import publication

# Names that the page tells apart; everything beyond is added up as "all others".
MOST_NAMES = 15
DAYS = 30

_DIMENSIONS = ("tenant_id", "service", "operation", "provider", "model")
# The lists below the charts, each of one statement.
_LISTS = (
    "recent_calls",
    "failed_calls",
    "unpriced_usage",
    "restatements",
    "data_quality",
    "prices",
    "price_audit",
)


@dataclass(frozen=True)
class Scope:
    """What the page is about.

    Attributes:
        tenant: only this tenant; None = all.
        days: length of the window; the window before it is shown beside it.
        last_day: last UTC day of the window; None = the newest day of the ledger.
    """

    tenant: str | None = None
    days: int = DAYS
    last_day: date | None = None


def dataset(connection: duckdb.DuckDBPyConnection, scope: Scope) -> dict[str, Any]:
    """Everything the page needs, as an object for JSON; decimals and dates are still Python's.

    Args:
        connection: the published file, or a tenant's copy of it.
        scope: which tenant and days.
    """
    last_day = scope.last_day or _newest_day(connection)
    first_day = last_day - timedelta(days=scope.days - 1)
    earlier = first_day - timedelta(days=scope.days)
    values = {"tenant": scope.tenant, "first_day": earlier, "last_day": last_day, "most": MOST_NAMES}
    for name, value in values.items():
        connection.execute(f"set variable {name} = ?", [value])
    made = publication(connection)
    rows = _records(connection, "cube")
    names, cube = _encoded(rows, earlier)
    connection.execute("set variable first_day = ?", [first_day])
    lists = {name: _records(connection, name) for name in _LISTS}
    return {
        "publication": asdict(made),
        "scope": {"tenant": scope.tenant, "days": scope.days, "first_day": first_day, "last_day": last_day},
        "earlier_day": earlier,
        **names,
        "cube": cube,
        "lists": lists,
    }


def _newest_day(connection: duckdb.DuckDBPyConnection) -> date:
    newest: date = connection.execute(
        "select coalesce(max(day), cast((select published_at from ops.publication) as date)) from marts.daily_costs"
    ).fetchall()[0][0]
    return newest


def _records(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    file = resources.files("spanledger_warehouse") / "sql" / "dashboard" / f"{name}.sql"
    result = connection.execute(file.read_text(encoding="utf-8"))
    columns = [column[0] for column in result.description]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _encoded(
    rows: list[dict[str, Any]], first_day: date
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """The cube with days as offsets and names as places in lists; -1 stands for all others."""
    kinds = {
        "tenants": ("tenant_id",),
        "operations": ("service", "operation"),
        "models": ("provider", "model"),
    }
    names: dict[str, list[Any]] = {kind: [] for kind in kinds}
    places: dict[str, dict[tuple[Any, ...], int]] = {kind: {} for kind in kinds}
    encoded: list[list[Any]] = []
    measures = [name for name in (rows[0] if rows else {}) if name not in ("day", *_DIMENSIONS)]
    for row in rows:
        line: list[Any] = [(row["day"] - first_day).days]
        for kind, columns in kinds.items():
            name = tuple(row[column] for column in columns)
            if name[-1] is None:
                line.append(-1)
                continue
            place = places[kind].setdefault(name, len(names[kind]))
            if place == len(names[kind]):
                names[kind].append(name if len(name) > 1 else name[0])
            line.append(place)
        encoded.append([*line, *(row[measure] for measure in measures)])
    return names, {"columns": ["day", *kinds, *measures], "rows": encoded}
