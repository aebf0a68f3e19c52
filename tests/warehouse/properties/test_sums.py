"""For random calls and random prices: every mart has the same sum, and it is the one that plain Python gets."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.warehouse.harness import DAY
from tests.warehouse.ledger.calls import call
from tests.warehouse.pricing.cards import built_all
from tests.warehouse.properties.pricer import Price, list_cost
from tests.warehouse.seeds import alias, price, rule, seed_texts

MIDNIGHT = datetime.combine(DAY, datetime.min.time())
UNITS = ("input", "cache_read", "cache_write_1h", "output", "reasoning")
MARTS = (
    "marts.daily_costs",
    "marts.costs_by_model",
    "marts.costs_by_operation",
    "marts.hourly_costs",
    "marts.calls",
)
CHANGES = [
    MIDNIGHT - timedelta(days=60),
    MIDNIGHT + timedelta(hours=7, minutes=30),
    MIDNIGHT + timedelta(days=1),
]
ALIASES = (alias("acme", r"a-1-\d\d", target_model="a-1"),)

amounts = st.decimals("0.0000000001", "9999", places=10).map(lambda amount: f"{amount:f}")


@st.composite
def price_lists(draw):
    """Prices of two models: some units, tiers and changes of them; batch has all that standard has."""
    prices = []
    for model in ("a-1", "a-2"):
        units = draw(st.sets(st.sampled_from(UNITS), min_size=1))
        tiers = [0, *draw(st.sets(st.sampled_from([1000, 200_000]), max_size=2))]
        starts = sorted(draw(st.sets(st.sampled_from(CHANGES), min_size=1)))
        for unit in sorted(units):
            for tier in tiers:
                for instant in starts:
                    contexts = ("standard", "batch")
                    prices += [Price(model, unit, draw(amounts), instant, name, tier) for name in contexts]
    return prices


instants = st.one_of(
    st.sampled_from(
        [instant + timedelta(microseconds=offset) for instant in CHANGES[1:] for offset in (-1, 0, 1)]
    ),
    st.integers(0, 2 * 86_400 * 10**6 - 1).map(lambda micros: MIDNIGHT + timedelta(microseconds=micros)),
)
quantities = st.one_of(
    st.sampled_from([0, 0, 1, 999, 1000, 1001, 200_000, 200_001, 10**9]), st.integers(0, 10**6)
)
random_calls = st.fixed_dictionaries(
    {
        "model_id": st.sampled_from(["a-1", "a-2", "a-1-07", "a-9"]),
        "pricing_context": st.sampled_from(["standard", "standard", "batch", "flex"]),
        "tenant_id": st.sampled_from(["acme-corp", "other"]),
        "operation": st.sampled_from(["answer", "ask"]),
        "billed_at": instants,
        **dict.fromkeys(UNITS, quantities),
    }
)


def seeds_of(prices):
    lines = [
        price(
            found.unit,
            found.amount,
            model=found.model,
            context=found.context,
            tier_above=str(found.tier_above),
            effective_from=f"{found.starts:%Y-%m-%dT%H:%M:%SZ}",
            change_kind="launch" if found.starts == CHANGES[0] else "price_change",
        )
        for found in prices
    ]
    return seed_texts(*lines, aliases=ALIASES, rules=(rule(),))


def expected(prices, made):
    """The cost that plain Python gets."""
    units = {unit: made[unit] for unit in UNITS}
    model = {"a-1-07": "a-1"}.get(made["model_id"], made["model_id"])
    inputs = made["input"] + made["cache_read"] + made["cache_write_1h"]
    return list_cost(prices, units, model, made["pricing_context"], made["billed_at"], inputs)


def sums(rows):
    """List cost by tenant and day, what is unknown left out."""
    found: dict[object, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["tenant_id"], row["day"]] += row["list_cost_usd"] or 0
    return dict(found)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(prices=price_lists(), made=st.lists(random_calls, min_size=1, max_size=40))
def test_all_marts_agree_with_the_lines_and_with_plain_python(prices, made):
    rows = [call(f"c-{place}", day=one["billed_at"].date(), **one) for place, one in enumerate(made)]
    found = built_all(*MARTS, "ledger.cost_lines", "ledger.call_costs", seeds=seeds_of(prices), calls=rows)

    costs = {row["call_id"]: row["list_cost_usd"] for row in found["ledger.call_costs"]}
    for place, one in enumerate(made):
        used = any(one[unit] for unit in UNITS)
        if used:
            assert costs[f"c-{place}"] == expected(prices, one), one

    by_call = sums(found["ledger.call_costs"])
    for name in (*MARTS, "ledger.cost_lines"):
        wrong = {
            key: (total, by_call[key]) for key, total in sums(found[name]).items() if total != by_call[key]
        }
        assert wrong == {}, name
    tokens = sum(row["total_tokens"] for row in rows)
    for name in MARTS:
        assert sum(row["total_tokens"] for row in found[name]) == tokens
    daily = found["marts.daily_costs"]
    assert sum(row["priced_tokens"] + row["unpriced_tokens"] for row in daily) == tokens
    assert sum(row["calls"] for row in daily) == len(rows)


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(prices=price_lists(), made=st.lists(random_calls, min_size=2, max_size=20), data=st.data())
def test_the_order_and_the_tenants_of_the_calls_do_not_change_the_sum(prices, made, data):
    rows = [call(f"c-{place}", day=one["billed_at"].date(), **one) for place, one in enumerate(made)]
    seeds = seeds_of(prices)
    whole = built_all("marts.daily_costs", seeds=seeds, calls=rows)["marts.daily_costs"]
    shuffled = data.draw(st.permutations(rows))
    assert built_all("marts.daily_costs", seeds=seeds, calls=shuffled)["marts.daily_costs"] == whole
    merged = [row | {"tenant_id": "all"} for row in rows]
    total = built_all("marts.daily_costs", seeds=seeds, calls=merged)["marts.daily_costs"]
    assert sum(sums(total).values()) == sum(sums(whole).values())
