"""The questions of the API as parameterised SQL.

Everything that becomes part of a statement comes from the closed lists of this module; values are always parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from spanledger_warehouse.database import sql_text
from spanledger_warehouse.serve.tenant_copy import BULK

UTC = "UTC"
# Each tenant's own days, as pricing_seeds/tenants.csv has them.
BUSINESS = "business"
_HOUR = 3600
_PARAMETER = re.compile(r"\$([a-z_]+)")

_HOURS = "marts.hourly_costs"
# The marts that sums are made of, the smallest first, and the columns that they can tell apart.
_SOURCES = {
    "marts.daily_costs": frozenset({"tenant_id", "day"}),
    "marts.costs_by_model": frozenset({"tenant_id", "day", "provider", "model"}),
    "marts.costs_by_operation": frozenset({"tenant_id", "day", "service", "operation"}),
    _HOURS: frozenset({"tenant_id", "day", "hour"}),
    "marts.costs_by_operation_and_model": frozenset(
        {"tenant_id", "day", "service", "operation", "provider", "model"}
    ),
}
_BUSINESS_SOURCES = {
    f"{table}_by_business_day": _SOURCES[table]
    for table in ("marts.daily_costs", "marts.costs_by_model", "marts.costs_by_operation")
}


@dataclass(frozen=True)
class Question:
    """One question of the API.

    Attributes:
        name: of the endpoint.
        title: the question in words.
        sql: `sql/serve/<sql>.sql` answers it.
        keys: the columns that a row stands for, where rows are sums.
        order: of the rows, where rows are sums.
        filters: columns that may be filtered by.
        only: a condition that is part of the question.
    """

    name: str
    title: str
    sql: str = "costs"
    keys: tuple[str, ...] = ()
    order: str = ""
    filters: tuple[str, ...] = ("service", "operation", "provider", "model")
    only: str = ""


_DEAREST = "contracted_cost_usd desc nulls last"

QUESTIONS = {
    question.name: question
    for question in (
        Question("daily", "Costs by day", keys=("day",), order="day"),
        Question("hourly", "Costs by hour", keys=("day", "hour"), order="hour"),
        Question("by-model", "Costs by model, dearest first", keys=("provider", "model"), order=_DEAREST),
        Question(
            "by-operation",
            "Costs by service and operation, dearest first",
            keys=("service", "operation"),
            order=_DEAREST,
        ),
        Question("by-tenant", "Costs by tenant, dearest first", keys=("tenant_id",), order=_DEAREST),
        Question("summary", "Costs of the window in one row"),
        Question("recent-calls", "Calls, newest first", sql="calls"),
        Question("failed-calls", "Failed calls, newest first", sql="calls", only="not success"),
        Question(
            "unpriced", "Usage without a price, largest first", sql="unpriced", filters=("provider", "model")
        ),
        Question("restatements", "Days that were changed later", sql="restatements", filters=()),
        Question("data-quality", "What the last run found", sql="data_quality", filters=()),
    )
}


@dataclass(frozen=True)
class Window:
    """The days that an answer is about, both included, as days of `zone`."""

    first: date
    last: date
    zone: str = UTC

    def before(self) -> Window:
        """The window of the same length that ends where this one begins."""
        return Window(
            self.first - (self.last - self.first) - timedelta(days=1),
            self.first - timedelta(days=1),
            self.zone,
        )


@dataclass(frozen=True)
class Asked:
    """A question with all that was asked about it.

    Attributes:
        question: one of `QUESTIONS`.
        window: the days.
        filters: allowed values by column; a column that is not named is not filtered.
        per_tenant: rows of each tenant apart, or of all together.
        skip, take: the page.
    """

    question: Question
    window: Window
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_tenant: bool = True
    skip: int = 0
    take: int = 100

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that a row stands for."""
        keys = self.question.keys
        return ("tenant_id", *keys) if self.per_tenant and keys and "tenant_id" not in keys else keys

    @property
    def needs_calls(self) -> bool:
        """Whether the marts that fit into memory cannot answer: what is as long as the list of calls has to."""
        source = _source(self)
        return self.question.sql == "calls" or (
            self.question.sql == "costs" and (source is None or source in BULK)
        )


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters."""

    sql: str
    values: dict[str, Any]


def statement(asked: Asked) -> Statement:
    """The statement that answers a question."""
    source = _source(asked)
    day, conditions = _day(asked, source)
    conditions += [f"and {asked.question.only}"] if asked.question.only else []
    conditions += [f"and {column} in (select unnest(${column}))" for column in sorted(asked.filters)]
    tie_break = ", ".join(asked.keys)
    places = {
        "source": source or f"({_text('calls_as_costs')})",
        "keys": "".join(f"{_key(key, day, source)} as {key}, " for key in asked.keys),
        "key names": "".join(f"{key}, " for key in asked.keys),
        "day": day,
        "filters": " ".join(conditions),
        "order": ", ".join(filter(None, (asked.question.order, tie_break))) or "calls",
    }
    values: dict[str, Any] = {
        "from_day": asked.window.first,
        "to_day": asked.window.last,
        "zone": asked.window.zone,
        "skip": asked.skip,
        "take": asked.take,
        **{column: list(values) for column, values in asked.filters.items()},
    }
    return prepared(asked.question.sql, values, places)


def prepared(name: str, values: Mapping[str, Any], places: Mapping[str, str] | None = None) -> Statement:
    """`sql/serve/<name>.sql` with its places filled, and of the values those that it names."""
    sql = _text(name)
    for place, text in (places or {}).items():
        sql = sql.replace(f"/* {place} */", text)
    wanted = set(_PARAMETER.findall(sql))
    return Statement(sql, {key: value for key, value in values.items() if key in wanted})


@cache
def _text(name: str) -> str:
    """The statement without its comments: a header may speak of parameters too."""
    lines = sql_text("serve", name).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))


def _source(asked: Asked) -> str | None:
    """The smallest mart that has every column the question needs; None when only single calls do."""
    if asked.question.sql == "calls":
        return None
    needed = {*asked.keys, *asked.filters}
    if asked.window.zone not in {UTC, BUSINESS}:
        return _HOURS if needed <= _SOURCES[_HOURS] and _keeps_hours(asked.window) else None
    sources = _SOURCES if asked.window.zone == UTC else _BUSINESS_SOURCES
    return next((table for table, columns in sources.items() if needed <= columns), None)


def _keeps_hours(window: Window) -> bool:
    """Whether an hour of UTC is an hour of the zone, on every day of the window."""
    start = datetime.combine(window.first, time(), ZoneInfo(window.zone))
    offsets = (
        (start + timedelta(days=day)).utcoffset() for day in range(-1, (window.last - window.first).days + 3)
    )
    return all(offset is not None and offset.total_seconds() % _HOUR == 0 for offset in offsets)


def _day(asked: Asked, source: str | None) -> tuple[str, list[str]]:
    """The expression of the day that the window is about, and what else narrows the rows down."""
    zone = asked.window.zone
    if zone == UTC or asked.question.sql in {"unpriced", "restatements", "data_quality"}:
        return "day", []
    if zone == BUSINESS and source is not None:
        return "business_day", []
    instant = "hour" if source else "billed_at"
    local = "business_day" if zone == BUSINESS else f"cast({_local(instant)} as date)"
    # No zone is more than a day away: whole days that cannot matter are skipped without a look at their rows.
    return local, ["and day between $from_day - interval 1 day and $to_day + interval 1 day"]


def _local(instant: str) -> str:
    return f"timezone($zone, timezone('UTC', {instant}))"


def _key(key: str, day: str, source: str | None) -> str:
    if key == "day":
        return day
    if key != "hour":
        return key
    if day == "day":
        return "hour" if source else "date_trunc('hour', billed_at)"
    return _local("hour") if source else f"date_trunc('hour', {_local('billed_at')})"


def columns_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of an answer, without those that place its rows."""
    return tuple(name for name in names if name not in {"place", "rows_in_all"})
