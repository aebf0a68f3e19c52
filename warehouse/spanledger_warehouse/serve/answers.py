"""Answers a question from one edition, for one scope: rows, their exact total, and the coverage of the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from spanledger_warehouse.serve.editions import Edition
from spanledger_warehouse.serve.questions import (
    BUSINESS,
    QUESTIONS,
    Asked,
    Statement,
    Window,
    columns_of,
    prepared,
    statement,
)
from spanledger_warehouse.serve.scopes import Scope

Row = tuple[Any, ...]
Record = dict[str, Any]

COVERAGE = (
    "coverage_pct",
    "priced_calls",
    "partially_priced_calls",
    "unpriced_calls",
    "free_calls",
    "default_priced_calls",
    "usage_missing_calls",
    "no_usage_calls",
    "usage_partial_calls",
    "incomplete_calls",
    "priced_tokens",
    "unpriced_tokens",
    "cost_low_usd",
    "cost_high_usd",
)


@dataclass(frozen=True)
class Answer:
    """What a question came to.

    Attributes:
        asked: the question.
        columns, rows: the page.
        totals: sums over all rows of the question, not only those of the page.
        coverage: how much of the window's usage has a price and a known usage.
        rows_in_all: rows of the question.
    """

    asked: Asked
    columns: tuple[str, ...]
    rows: Sequence[Row]
    totals: Record
    coverage: Record
    rows_in_all: int

    def records(self) -> Iterator[Record]:
        """The rows as objects."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def answer(edition: Edition, scope: Scope, asked: Asked) -> Answer:
    """Answer a question for a scope. Everything in the answer is of this one edition."""
    database = edition.calls if asked.needs_calls else edition.marts
    with database(scope) as cursor:
        columns, rows = _rows(cursor, statement(asked))
    kept = columns_of(columns)
    places = [columns.index(name) for name in kept]
    total, *page = rows
    totals = {name: total[place] for name, place in zip(kept, places, strict=True) if name not in asked.keys}
    if asked.question.sql == "costs":
        coverage = {name: totals.pop(name) for name in COVERAGE}
    else:
        totals = {name: value for name, value in totals.items() if value is not None}
        coverage = coverage_of(edition, scope, asked.window)
    in_all = total[columns.index("rows_in_all")]
    cells = [tuple(row[place] for place in places) for row in page]
    return Answer(asked, kept, cells, totals, coverage, in_all)


def coverage_of(edition: Edition, scope: Scope, window: Window) -> Record:
    """How much of a window's usage has a price and a known usage, by UTC days."""
    whole = Asked(QUESTIONS["summary"], Window(window.first, window.last), take=0)
    return answer(edition, scope, whole).coverage


def records(cursor: duckdb.DuckDBPyConnection, asked: Statement) -> list[Record]:
    """The rows of a statement as objects."""
    columns, rows = _rows(cursor, asked)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def window_of(
    edition: Edition, scope: Scope, *, first: date | None, last: date | None, days: int, zone: str
) -> Window:
    """The window that was asked for: what is left out counts from the newest day that the scope knows."""
    if last is None:
        last = newest_day(edition, scope, zone) or datetime.now(UTC).date()
        last = max(last, first) if first else last
    return Window(first or last - timedelta(days=days - 1), last, zone)


def newest_day(edition: Edition, scope: Scope, zone: str = "UTC") -> date | None:
    """The newest day with calls in a scope, as the zone counts days; None when there are none."""
    with edition.marts(scope) as cursor:
        if zone == BUSINESS:
            day: date | None = _value(cursor, prepared("newest_business_day", {}))
            return day
        hour: datetime | None = _value(cursor, prepared("newest_hour", {}))
    if hour is None:
        return None
    end_of_hour = hour.replace(minute=59, tzinfo=UTC)
    return end_of_hour.astimezone(ZoneInfo(zone)).date()


def dimensions(edition: Edition, scope: Scope, window: Window) -> Mapping[str, list[str]]:
    """The names that occur in a window, by what they can filter."""
    with edition.marts(scope) as cursor:
        found = records(cursor, prepared("dimensions", {"from_day": window.first, "to_day": window.last}))
    names: dict[str, list[str]] = {
        kind: [] for kind in ("tenant", "service", "operation", "provider", "model")
    }
    for row in found:
        names[row["dimension"]].append(row["name"])
    return names


def _rows(cursor: duckdb.DuckDBPyConnection, asked: Statement) -> tuple[tuple[str, ...], list[Row]]:
    result = cursor.execute(asked.sql, asked.values)
    return tuple(column[0] for column in result.description or ()), result.fetchall()


def _value(cursor: duckdb.DuckDBPyConnection, asked: Statement) -> Any:
    ((value,),) = cursor.execute(asked.sql, asked.values).fetchall()
    return value
