"""A tenant's own calendar: its days sum to the same range of instants, also when clocks change or the tenant moves."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import price, seed_texts, tenant

PRICES = (price("input", "3"), price("output", "15"))
COST = Decimal("0.00045")  # of a hundred tokens in and ten out
BERLIN = tenant("acme-corp", time_zone="Europe/Berlin", currency="USD")
BUSINESS = ("daily_costs", "costs_by_model", "costs_by_operation")


def at(text, number, **changed):
    """A call that ended at this instant."""
    return span(
        number, ended=datetime.fromisoformat(text).replace(tzinfo=UTC), usage=chat(100, 10), **changed
    )


def days_of(ledger, mart="daily_costs"):
    rows = ledger.published_rows(
        f"select tenant_id, business_day, sum(calls)::bigint as calls, sum(list_cost_usd) as cost "
        f"from marts.{mart}_by_business_day group by all order by all"
    )
    return [(row["tenant_id"], row["business_day"], row["calls"], row["cost"]) for row in rows]


@pytest.fixture
def berlin(tmp_path):
    """A warehouse of a tenant in Berlin; other tenants have no time zone of their own."""
    return Ledger(tmp_path / "home", seed_texts(*PRICES, tenants=(BERLIN,)))


def test_a_day_begins_at_midnight_of_the_tenant(berlin):
    calls = [
        at("2026-03-10T22:59:59.999999", 1),
        at("2026-03-10T23:00:00", 2),  # midnight in Berlin, in winter
        at("2026-03-10T23:00:00", 3, tenant="other"),
    ]
    berlin.land("a.jsonl", calls)
    berlin.run()
    for mart in BUSINESS:
        assert days_of(berlin, mart) == [
            ("acme-corp", date(2026, 3, 10), 1, COST),
            ("acme-corp", date(2026, 3, 11), 1, COST),
            ("other", date(2026, 3, 10), 1, COST),
        ], mart


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        # Clocks go forward on March 29 and back on October 25, so Berlin's day has 23 and 25 hours.
        ("2026-03-28T23:00:00", "2026-03-29T21:59:59.999999", 23),
        ("2026-10-24T22:00:00", "2026-10-25T22:59:59.999999", 25),
    ],
    ids=["forward", "back"],
)
def test_a_day_on_which_clocks_change_is_an_hour_shorter_or_longer(berlin, first, last, hours):
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    day = (begin + timedelta(hours=12)).date()
    instants = [begin - timedelta(microseconds=1), end + timedelta(microseconds=1)]
    instants += [begin + timedelta(hours=hour) for hour in range(hours)]
    berlin.land(
        "a.jsonl", [at(f"{instant:%Y-%m-%dT%H:%M:%S.%f}", n) for n, instant in enumerate(instants, 1)]
    )
    berlin.run()
    found = {business_day: calls for _, business_day, calls, _ in days_of(berlin)}
    assert found == {day - timedelta(days=1): 1, day: hours, day + timedelta(days=1): 1}
    [hourly] = berlin.published_rows("select sum(calls)::bigint as calls from marts.hourly_costs")
    assert hourly == {"calls": hours + 2}


def test_late_calls_and_a_move_of_the_tenant_change_the_days_that_they_touch(berlin):
    berlin.land("a.jsonl", [at("2026-03-10T12:00:00", 1), at("2026-03-11T12:00:00", 2)])
    berlin.run()
    berlin.land("late.jsonl", [at("2026-03-10T23:30:00", 3)])
    assert berlin.run() == [date(2026, 3, 10)]
    assert days_of(berlin) == [
        ("acme-corp", date(2026, 3, 10), 1, COST),
        ("acme-corp", date(2026, 3, 11), 2, 2 * COST),
    ]
    berlin.texts = seed_texts(
        *PRICES, tenants=(tenant("acme-corp", time_zone="America/New_York", currency="USD"),)
    )
    berlin.run()
    assert days_of(berlin) == [
        ("acme-corp", date(2026, 3, 10), 2, 2 * COST),
        ("acme-corp", date(2026, 3, 11), 1, COST),
    ]


def test_a_move_on_a_date_leaves_the_days_before_it(berlin):
    # On March 11 at 00:00 UTC the tenant moves to Tokyo, where it is nine in the morning.
    berlin.texts = seed_texts(
        *PRICES,
        tenants=(
            tenant(
                "acme-corp", time_zone="Europe/Berlin", currency="USD", effective_to="2026-03-11T00:00:00Z"
            ),
            tenant(
                "acme-corp", time_zone="Asia/Tokyo", currency="USD", effective_from="2026-03-11T00:00:00Z"
            ),
        ),
    )
    calls = [at("2026-03-10T22:00:00", 1), at("2026-03-10T23:59:59.999999", 2), at("2026-03-11T15:00:00", 3)]
    berlin.land("a.jsonl", calls)
    berlin.run()
    assert [(day, calls) for _, day, calls, _ in days_of(berlin)] == [
        (date(2026, 3, 10), 1),
        (date(2026, 3, 11), 1),
        (date(2026, 3, 12), 1),
    ]


def test_the_days_of_a_range_sum_to_its_calls(berlin):
    start = datetime(2026, 3, 27, tzinfo=UTC)
    calls = [
        at(
            f"{start + timedelta(minutes=37 * n):%Y-%m-%dT%H:%M:%S}",
            n + 1,
            tenant=("acme-corp", "other")[n % 2],
        )
        for n in range(200)
    ]
    berlin.land("a.jsonl", calls)
    berlin.run()
    for mart in BUSINESS:
        totals = berlin.published_rows(
            f"select sum(calls)::bigint as calls, sum(list_cost_usd) as cost from marts.{mart}_by_business_day"
        )
        assert totals == [{"calls": 200, "cost": 200 * COST}], mart
