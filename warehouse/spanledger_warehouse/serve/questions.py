"""The questions of the API as parameterised SQL.

Everything that becomes part of a statement comes from the closed lists of this module; values are always parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from spanledger_warehouse.database import sql_text
from spanledger_warehouse.serve.tenant_copy import BULK
from spanledger_warehouse.serve.zones import offsets

UTC = "UTC"
# Each tenant's own days, as pricing_seeds/tenants.csv has them.
BUSINESS = "business"
_HOUR = 60
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
        sql: `sql/serve/<sql>.sql` answers it; `<sql>_totals.sql` sums it up, where rows are no sums themselves.
        keys: the columns that a row stands for, where rows are sums.
        by_cost: whether rows that are sums come dearest first; else by their keys.
        filters: columns that may be filtered by.
    """

    name: str
    title: str
    sql: str = "costs"
    keys: tuple[str, ...] = ()
    by_cost: bool = False
    filters: tuple[str, ...] = ("service", "operation", "provider", "model")


QUESTIONS = {
    question.name: question
    for question in (
        Question("daily", "Costs by day", keys=("day",)),
        Question("hourly", "Costs by hour", keys=("day", "hour")),
        Question("by-model", "Costs by model, dearest first", keys=("provider", "model"), by_cost=True),
        Question(
            "by-operation",
            "Costs by service and operation, dearest first",
            keys=("service", "operation"),
            by_cost=True,
        ),
        Question("by-tenant", "Costs by tenant, dearest first", keys=("tenant_id",), by_cost=True),
        Question("recent-calls", "Calls, newest first", sql="calls"),
        Question("failed-calls", "Failed calls, newest first", sql="failed"),
        Question(
            "unpriced", "Usage without a price, largest first", sql="unpriced", filters=("provider", "model")
        ),
        Question("restatements", "Days that were changed later", sql="restatements", filters=()),
        Question("data-quality", "What the last run found", sql="data_quality", filters=()),
    )
}
# Tables of whole UTC days or of none: no zone moves their rows.
_UTC_ONLY = frozenset({"unpriced", "restatements", "data_quality"})


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
        question: one of `QUESTIONS`; None asks for sums of the whole window.
        window: the days.
        filters: allowed values by column; a column that is not named is not filtered.
        per_tenant: rows of each tenant apart, or of all together.
        skip, take: the page.
    """

    question: Question | None
    window: Window
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_tenant: bool = True
    skip: int = 0
    take: int = 100

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that a row stands for."""
        keys = self.question.keys if self.question else ()
        return ("tenant_id", *keys) if self.per_tenant and keys and "tenant_id" not in keys else keys

    @property
    def source(self) -> str | None:
        """The smallest mart that has every column the sums need; None when only single calls do."""
        needed = {"day", *self.keys, *self.filters}
        if self.window.zone == BUSINESS:
            return _first(_BUSINESS_SOURCES, needed)
        if self.window.zone == UTC:
            return _first(_SOURCES, needed)
        return _HOURS if needed <= _SOURCES[_HOURS] and _keeps_hours(self.window) else None

    @property
    def needs_calls(self) -> bool:
        """Whether the marts that fit into memory cannot answer: what is as long as the list of calls has to."""
        is_list = self.question is not None and self.question.sql in {"calls", "failed"}
        return is_list or self.source is None or self.source in BULK


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters."""

    sql: str
    values: dict[str, Any]


def sums_by_keys(asked: Asked) -> Statement:
    """The page of a question whose rows are sums."""
    keys = asked.keys
    order = [f"key_{key}" for key in keys]
    if asked.question and asked.question.by_cost:
        order = ["cost desc nulls last", *order]
    expressions = [f"{_key(key, asked)} as key_{key}" for key in keys]
    return _filled(
        "costs",
        asked,
        {
            "keys": ", ".join(expressions),
            "page keys": ", ".join(f"p.key_{key} as {key}" for key in keys),
            "same keys": " and ".join(f"k.key_{key} is not distinct from p.key_{key}" for key in keys),
            "order": ", ".join(order),
        },
    )


def sums_in_all(asked: Asked) -> Statement:
    """The sums of the whole window, by the same filters."""
    return _filled("totals", asked)


def calls_by_day(asked: Asked) -> Statement:
    """How many calls each day has."""
    return _filled("calls_by_day", asked)


def listing(asked: Asked, name: str) -> Statement:
    """A list, or its totals: a table of its own answers it."""
    instant = None if name.removesuffix("_totals") in _UTC_ONLY else "billed_at"
    return prepared(name, _values(asked), _places(asked, instant))


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


def _first(sources: Mapping[str, frozenset[str]], needed: set[str]) -> str | None:
    return next((table for table, columns in sources.items() if needed <= columns), None)


def _filled(name: str, asked: Asked, more: Mapping[str, str] | None = None) -> Statement:
    """A statement over the source of sums."""
    instant = "hour" if asked.source == _HOURS else "billed_at"
    places = {
        "source": asked.source or f"({_text('calls_as_costs')})",
        "measures": _text("measures"),
        **(more or {}),
        **_places(asked, instant),
    }
    return prepared(name, _values(asked), places)


def _values(asked: Asked) -> dict[str, Any]:
    return {
        "from_day": asked.window.first,
        "to_day": asked.window.last,
        "skip": asked.skip,
        "take": asked.take,
        **{column: list(names) for column, names in asked.filters.items()},
    }


def _places(asked: Asked, instant: str | None) -> dict[str, str]:
    conditions = [f"and {column} in (select unnest(${column}))" for column in sorted(asked.filters)]
    zone = asked.window.zone
    if instant is None or zone == UTC:
        return {"day": "day", "filters": " ".join(conditions)}
    if zone == BUSINESS:
        return {"day": "business_day", "filters": " ".join(conditions)}
    # No zone is more than a day away: whole days that cannot matter are skipped without a look at their rows.
    conditions.append("and day between $from_day - interval 1 day and $to_day + interval 1 day")
    return {"day": f"cast({_local(instant, asked.window)} as date)", "filters": " ".join(conditions)}


def _key(key: str, asked: Asked) -> str:
    instant = "hour" if asked.source == _HOURS else "billed_at"
    if key == "day":
        return _places(asked, instant)["day"]
    if key != "hour":
        return key
    local = instant if asked.window.zone == UTC else _local(instant, asked.window)
    return local if local == "hour" else f"date_trunc('hour', {local})"


def _local(instant: str, window: Window) -> str:
    """The wall clock of the zone, as arithmetic: many times faster than asking for the zone row by row."""
    first, *changes = offsets(window.zone, window.first, window.last)
    cases = [f"when {instant} >= timestamp '{one.since}' then {one.minutes}" for one in reversed(changes)]
    added = f"case {' '.join(cases)} else {first.minutes} end" if cases else str(first.minutes)
    return f"({instant} + to_minutes({added}))"


def _keeps_hours(window: Window) -> bool:
    """Whether an hour of UTC is an hour of the zone, on every day of the window."""
    return all(one.minutes % _HOUR == 0 for one in offsets(window.zone, window.first, window.last))
