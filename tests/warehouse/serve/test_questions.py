"""What the API answers is what the marts hold, to the last digit, whatever is asked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.warehouse.serve.conftest import Site

from spanledger_warehouse.serve.derived import derived
from spanledger_warehouse.serve.formats import to_json
from spanledger_warehouse.serve.zones import offsets

COSTS = "/api/v1/analytics/llm-costs"


def mart(site: Site, query: str, *parameters: object) -> Any:
    """One value of the published file."""
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        ((value,),) = connection.execute(query, list(parameters)).fetchall()
    return value


@pytest.mark.parametrize("name", ["daily", "hourly", "by-model", "by-operation", "by-tenant"])
@pytest.mark.parametrize("per_tenant", ["true", "false"])
def test_sums_are_those_of_the_marts(site: Site, name: str, per_tenant: str) -> None:
    options = {"days": 30, "limit": 1000} | ({} if name == "by-tenant" else {"per_tenant": per_tenant})
    answer = site.client().get(f"{COSTS}/{name}", params=options).json()
    total = mart(site, "select sum(contracted_cost_usd) from marts.calls")
    assert answer["totals"]["contracted_cost_usd"] == str(total)
    assert sum(Decimal(row["contracted_cost_usd"] or 0) for row in answer["rows"]) == total
    assert sum(row["calls"] for row in answer["rows"]) == mart(site, "select count(*) from marts.calls")
    assert answer["coverage"]["unpriced_calls"] == mart(
        site, "select count(*) from marts.calls where cost_status = 'unpriced'"
    )


@pytest.mark.parametrize(
    ("name", "table", "keys"),
    [
        ("daily", "marts.daily_costs", ("tenant_id", "day")),
        ("hourly", "marts.hourly_costs", ("tenant_id", "day", "hour")),
    ],
)
def test_a_row_that_is_a_marts_own_row_has_its_every_column(
    site: Site, name: str, table: str, keys: tuple[str, ...]
) -> None:
    """Rates, averages and bounds follow from sums here and in the mart; both have to come to the same."""
    answer = site.client().get(f"{COSTS}/{name}", params={"limit": 1000}).json()
    columns = [column for column in answer["rows"][0] if column not in _NOT_IN_MARTS]
    assert {"success_rate", "avg_cost_usd", "coverage_pct", "cost_low_usd", "cost_high_usd"} <= set(columns)
    with duckdb.connect(str(site.ledger.settings.home.published_file), read_only=True) as connection:
        rows = connection.execute(
            f"select {', '.join(columns)} from {table} order by {', '.join(reversed(keys))}"
        ).fetchall()
    expected = [json.loads(to_json(dict(zip(columns, row, strict=True)))) for row in rows]
    found = [{column: row[column] for column in columns} for row in answer["rows"]]
    assert sorted(found, key=str) == sorted(expected, key=str)


_NOT_IN_MARTS = {"avg_input_tokens", "avg_output_tokens", "incomplete_calls"}

_COUNTS = st.integers(0, 10**12)
_AMOUNTS = st.one_of(st.none(), st.decimals(0, 10**15, places=12))


@given(calls=_COUNTS, failed=_COUNTS, cost=_AMOUNTS, priced=_COUNTS, unpriced=_COUNTS, missing=_COUNTS)
def test_what_follows_from_sums_is_never_more_than_they_say(
    calls: int, failed: int, cost: Decimal | None, priced: int, unpriced: int, missing: int
) -> None:
    failed, missing = min(failed, calls), min(missing, calls)
    sums = dict.fromkeys(("input_tokens", "output_tokens", "duration_ms"), priced)
    sums |= dict.fromkeys(("unpriced_calls", "partially_priced_calls", "usage_partial_calls"), 0)
    found = derived(
        {
            **sums,
            "calls": calls,
            "failed_calls": failed,
            "usage_missing_calls": missing,
            "contracted_cost_usd": cost,
            "list_cost_usd": cost,
            "priced_tokens": priced,
            "unpriced_tokens": unpriced,
        }
    )
    rate, coverage, average = found["success_rate"], found["coverage_pct"], found["avg_cost_usd"]
    assert rate is None if calls == 0 else 0 <= rate * calls <= calls - failed
    assert coverage is None if priced + unpriced == 0 else coverage * (priced + unpriced) <= 100 * priced
    # All of it has a price exactly when the share is whole: 99.999 is not 100.
    assert (coverage == 100) == (unpriced == 0 and priced > 0)
    if average is not None and cost is not None:
        costed = calls - missing
        assert abs(average * costed - cost) <= Decimal("0.0000000005") * costed
    assert (found["cost_high_usd"] is None) == (missing > 0)


@given(
    zone=st.sampled_from(
        sorted(zone for zone in available_timezones() if zone not in {"localtime", "Factory"})
    ),
    first=st.dates(date(2000, 1, 1), date(2040, 1, 1)),
    days=st.integers(1, 400),
    second=st.integers(0, 86_399),
    day=st.integers(0, 399),
)
def test_a_wall_clock_by_arithmetic_is_that_of_the_zone(
    zone: str, first: date, days: int, second: int, day: int
) -> None:
    known = offsets(zone, first, first + timedelta(days=days))
    instant = datetime.combine(first, time()) + timedelta(days=min(day, days), seconds=second)
    minutes = next((one.minutes for one in reversed(known) if instant >= one.since), known[0].minutes)
    local = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert (instant + timedelta(minutes=minutes)) == local.replace(tzinfo=None)
    assert known == sorted(known, key=lambda one: one.since)


def test_a_zones_change_is_found_to_the_minute() -> None:
    spring = offsets("Europe/Berlin", date(2026, 3, 28), date(2026, 3, 30))
    assert [(one.minutes, str(one.since)) for one in spring[1:]] == [(120, "2026-03-29 01:00:00")]
    lord_howe = offsets("Australia/Lord_Howe", date(2026, 4, 4), date(2026, 4, 6))
    assert [(one.minutes, str(one.since)) for one in lord_howe[1:]] == [(630, "2026-04-04 15:00:00")]
