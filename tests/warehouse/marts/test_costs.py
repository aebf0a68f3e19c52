"""Daily, hourly, by model and by operation: sums that are exact, averages and percentiles that say how they round."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from tests.warehouse.harness import DAY, pick
from tests.warehouse.marts.costs import MARTS, NOON, daily, mart, row


def test_a_day_is_the_exact_sum_of_its_calls():
    found = daily(
        row("a", "0.000000000001"), row("b", "99999999.999999999999"), row("c", "0.1", reported_cost_usd="7")
    )
    assert found["list_cost_usd"] == Decimal("100000000.100000000000")
    assert (
        found["contracted_cost_usd"]
        == found["cost_low_usd"]
        == found["cost_high_usd"]
        == found["list_cost_usd"]
    )
    counts = ("calls", "failed_calls", "input_tokens", "output_tokens", "total_tokens", "reported_cost_usd")
    assert [found[name] for name in counts] == [3, 0, 300, 30, 330, 7]
    assert found["complete_through"] == NOON


def test_tenants_and_days_stay_apart():
    rows = [row("a"), row("b", tenant_id="other"), row("c", day=DAY + timedelta(days=1))]
    found = pick(mart(*rows), "tenant_id", "day", "calls")
    assert found == [("acme-corp", DAY, 1), ("acme-corp", DAY + timedelta(days=1), 1), ("other", DAY, 1)]


GRAINS = {
    "marts.costs_by_model": ({"model": "a-2"}, {"provider": "rented"}),
    "marts.costs_by_operation": ({"service": "shop"}, {"operation": "ask"}),
    "marts.daily_costs_by_business_day": (
        {"business_day": DAY + timedelta(days=1)},
        {"business_day": DAY - timedelta(days=1)},
    ),
    "marts.costs_by_model_by_business_day": ({"model": "a-2"}, {"business_day": DAY - timedelta(days=1)}),
    "marts.costs_by_operation_by_business_day": (
        {"operation": "ask"},
        {"business_day": DAY + timedelta(days=1)},
    ),
    "marts.hourly_costs": (
        {"billed_at": NOON + timedelta(hours=1)},
        {"billed_at": NOON - timedelta(microseconds=1)},
    ),
}


@pytest.mark.parametrize(("name", "others"), GRAINS.items(), ids=GRAINS)
def test_each_mart_has_a_row_for_each_of_its_keys(name, others):
    rows = [row("a"), row("b"), *(row(f"c-{place}", "0.25", **other) for place, other in enumerate(others))]
    found = mart(*rows, name=name)
    assert sorted(pick(found, "calls", "list_cost_usd")) == [(1, Decimal("0.25"))] * 2 + [(2, Decimal(1))]


STATUSES = {
    "priced": "0.5",
    "partially_priced": "0.25",
    "unpriced": None,
    "free": "0",
    "default_priced": "1",
    "usage_missing": None,
    "no_usage": "0",
}


@pytest.mark.parametrize("name", MARTS)
def test_the_seven_statuses_sum_to_the_calls(name):
    [found] = mart(*(row(status, cost, cost_status=status) for status, cost in STATUSES.items()), name=name)
    assert [found[f"{status}_calls"] for status in STATUSES] == [1] * 7
    assert found["calls"] == 7


HIGH = {
    "all priced": ((), True),
    "a failure without usage": ((row("x", "0", cost_status="no_usage"),), True),
    "an unpriced call": ((row("x", None, cost_status="unpriced"),), False),
    "a partly priced call": ((row("x", "1", cost_status="partially_priced"),), False),
    "a call of unknown usage": ((row("x", None, cost_status="usage_missing"),), False),
    "a call of partial usage": ((row("x", "1", usage_status="partial"),), False),
}


@pytest.mark.parametrize(("more", "known"), HIGH.values(), ids=HIGH)
def test_the_upper_bound_is_known_only_when_everything_is(more, known):
    found = daily(row(), *more)
    assert (found["cost_high_usd"] == found["cost_low_usd"]) is known
    assert (found["cost_high_usd"] is None) is not known


def test_a_day_without_any_known_cost_has_none_and_a_low_bound_of_zero():
    found = daily(row("a", None, cost_status="unpriced", priced_tokens=0, unpriced_tokens=110))
    assert (found["list_cost_usd"], found["avg_cost_usd"], found["cost_high_usd"]) == (None, None, None)
    assert (found["cost_low_usd"], found["coverage_pct"]) == (0, 0)


@pytest.mark.parametrize(
    ("priced", "unpriced", "expected"),
    [
        (0, 0, None),
        (1, 0, "100"),
        (2, 1, "66.66"),
        (99_999, 1, "99.99"),
        (999_999_999, 1, "99.99"),
        (0, 5, "0"),
    ],
)
def test_coverage_is_rounded_down_so_that_a_hundred_means_all(priced, unpriced, expected):
    found = daily(row(priced_tokens=priced, unpriced_tokens=unpriced))
    assert found["coverage_pct"] == (expected and Decimal(expected))


AVERAGES = [
    ("0.000000000333",),
    ("0.0000000005",),
    ("0.000000000499",),
    ("0.0000000006", "0"),  # 0.3 billionths: rounding the sum first would make it one
    ("0.0000000014", "0"),  # 0.7 billionths
    ("0.000000001", "0", "0"),
    ("0.0000000015", "0.0000000015", "0"),
    ("1234567.123456789123", "0.000000000001", "7"),
    ("999999999.999999999999",),
]


@pytest.mark.parametrize("costs", AVERAGES)
def test_the_average_cost_is_rounded_half_up_to_nine_places_once(costs):
    found = daily(*(row(f"c-{place}", cost) for place, cost in enumerate(costs)))
    exact = sum(map(Decimal, costs), Decimal(0)) / len(costs)
    assert found["avg_cost_usd"] == exact.quantize(Decimal("1E-9"), rounding=ROUND_HALF_UP)


def test_the_average_is_over_the_calls_whose_cost_is_known():
    found = daily(
        row("a", "1"), row("b", None, cost_status="unpriced"), row("c", "0", cost_status="no_usage")
    )
    assert found["avg_cost_usd"] == Decimal("0.5")


def test_the_share_of_successes_is_rounded_down():
    found = daily(row("a"), row("b"), row("c", success=False))
    assert (found["failed_calls"], found["success_rate"]) == (1, Decimal("0.6666"))


def lasting(*durations):
    """Calls of these durations, each its own bucket."""
    return [row(f"c-{place}", duration_ms=ms, duration_bucket_ms=ms) for place, ms in enumerate(durations)]


@pytest.mark.parametrize(
    ("durations", "p50", "p95"),
    [
        ([7], 7, 7),
        ([10, 20], 10, 20),
        ([10, 20, 30], 20, 30),
        (list(range(1, 101)), 50, 95),
        ([5] * 19 + [900], 5, 5),
        ([5] * 18 + [900] * 2, 5, 900),
        ([0, 0, 0], 0, 0),
    ],
)
def test_percentiles_are_the_upper_bounds_of_their_buckets(durations, p50, p95):
    found = daily(*lasting(*durations))
    assert (found["p50_duration_ms"], found["p95_duration_ms"]) == (p50, p95)
    assert found["avg_duration_ms"] == sum(durations) // len(durations)


def test_parts_of_a_call_add_their_cost_and_are_no_calls():
    found = daily(row("a", "1"), row("a", "0.25", part=1, model="a-2"))
    counts = ("calls", "priced_calls", "list_cost_usd", "total_tokens", "avg_cost_usd", "p50_duration_ms")
    assert [found[name] for name in counts] == [1, 1, Decimal("1.25"), 220, Decimal("1.25"), 1000]


def test_sums_beyond_64_bits_of_a_smaller_type_stay_whole():
    rows = [
        row(f"c-{place}", input_tokens=10**9, total_tokens=2 * 10**9, priced_tokens=2 * 10**9)
        for place in range(5)
    ]
    found = daily(*rows)
    assert (found["input_tokens"], found["total_tokens"], found["coverage_pct"]) == (5 * 10**9, 10**10, 100)
