"""Answers a question from one edition, for one scope: rows, their exact total, and the coverage of the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from spanledger_warehouse.serve.derived import Record, derived
from spanledger_warehouse.serve.editions import Edition
from spanledger_warehouse.serve.questions import (
    BUSINESS,
    Asked,
    Statement,
    Window,
    calls_by_day,
    listing,
    prepared,
    sums_by_keys,
    sums_in_all,
)
from spanledger_warehouse.serve.scopes import Scope

Row = tuple[Any, ...]
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
    assert asked.question is not None  # noqa: S101 - sums of a window have no rows: `totals_of`
    if asked.question.sql == "costs":
        return _sums(edition, scope, asked)
    return _listed(edition, scope, asked)


def totals_of(edition: Edition, scope: Scope, asked: Asked) -> tuple[Record, Record]:
    """The sums of a window by the filters of a question, and how complete they are."""
    with _database(edition, scope, asked) as cursor:
        return _split(_in_all(cursor, asked))


def coverage_of(edition: Edition, scope: Scope, window: Window) -> Record:
    """How much of a window's usage has a price and a known usage, by UTC days."""
    return totals_of(edition, scope, Asked(None, Window(window.first, window.last)))[1]


def _sums(edition: Edition, scope: Scope, asked: Asked) -> Answer:
    with _database(edition, scope, asked) as cursor:
        whole = _in_all(cursor, asked)
        found = records(cursor, sums_by_keys(asked))
        # A page beyond the last row cannot say how many there are.
        in_all = found[0]["rows_in_all"] if found else _count(cursor, asked)
    columns = (*asked.keys, *whole)
    rows = [tuple(row[name] for name in columns) for row in map(derived, found)]
    return Answer(asked, columns, rows, *_split(whole), in_all)


def _listed(edition: Edition, scope: Scope, asked: Asked) -> Answer:
    assert asked.question is not None  # noqa: S101
    name, page = asked.question.sql, asked
    with _database(edition, scope, asked) as cursor:
        if name == "calls":
            totals, coverage = _split(_in_all(cursor, asked))
            in_all = totals["calls"]
            page = _days_of_page(cursor, asked)
        else:
            (totals,) = records(cursor, listing(asked, f"{name}_totals"))
            in_all, coverage = totals.pop("rows_in_all"), coverage_of(edition, scope, asked.window)
        columns, rows = _rows(cursor, listing(page, name))
    return Answer(asked, columns, rows, totals, coverage, in_all)


def _database(
    edition: Edition, scope: Scope, asked: Asked
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return edition.calls(scope) if asked.needs_calls else edition.marts(scope)


def _in_all(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> Record:
    (found,) = records(cursor, sums_in_all(replace(asked, question=None)))
    return derived(found)


def _split(whole: Record) -> tuple[Record, Record]:
    """The sums, and apart from them how complete they are."""
    return (
        {name: value for name, value in whole.items() if name not in COVERAGE},
        {name: whole[name] for name in COVERAGE},
    )


def _count(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> int:
    first = records(cursor, sums_by_keys(replace(asked, skip=0, take=1)))
    return first[0]["rows_in_all"] if first else 0


def _days_of_page(cursor: duckdb.DuckDBPyConnection, asked: Asked) -> Asked:
    """The same page asked of those days only that it falls on: a long history costs nothing then."""
    newer, before = 0, 0
    days: list[date] = []
    for day, calls in _rows(cursor, calls_by_day(replace(asked, question=None)))[1]:
        if newer + calls > asked.skip:
            days.append(day)
        else:
            before = newer + calls
        newer += calls
        if newer >= asked.skip + asked.take:
            break
    if not days:
        return replace(asked, take=0)
    return replace(asked, window=Window(days[-1], days[0], asked.window.zone), skip=asked.skip - before)


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
