"""Tiers that count the units themselves, minimums of any unit, and prices of the instant at which a call starts."""

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.warehouse.ledger.calls import NOON, call, costs, lines, plain
from tests.warehouse.seeds import price, rule

BANDS = (
    price("page", "1", per="1000"),
    price("page", "0.5", per="1000", tier_above="100"),
    price("page", "0.1", per="1000", tier_above="1000"),
)
GRADUATED = rule(tier_mode="graduated", tier_basis="quantity")
VOLUME = rule(tier_basis="quantity")
INCLUSIVE = rule(tier_mode="graduated", tier_basis="quantity", tier_comparison=">=")


def pages(quantity, *rules, prices=BANDS):
    """The list cost of a call that read this many pages."""
    [row] = costs(call(others={"page": quantity}), prices=prices, rules=rules)
    assert row["cost_status"] == "priced"
    return plain(row["list_cost_usd"])


@pytest.mark.parametrize(
    ("quantity", "cost"),
    [(1, "0.001"), (100, "0.1"), (101, "0.1005"), (1000, "0.55"), (1001, "0.5501"), (1500, "0.6")],
)
def test_each_unit_pays_the_price_of_its_own_band(quantity, cost):
    assert pages(quantity, GRADUATED) == cost


@pytest.mark.parametrize(("quantity", "cost"), [(99, "0.099"), (100, "0.0995"), (101, "0.1")])
def test_an_inclusive_band_begins_one_unit_earlier(quantity, cost):
    assert pages(quantity, INCLUSIVE) == cost


@pytest.mark.parametrize(
    ("quantity", "cost"), [(100, "0.1"), (101, "0.0505"), (1000, "0.5"), (1001, "0.1001")]
)
def test_the_band_that_the_last_unit_reaches_prices_all_by_volume(quantity, cost):
    assert pages(quantity, VOLUME) == cost


def test_each_band_is_a_line_with_its_price_and_the_lines_add_up():
    found = lines(call(others={"page": 1500}), prices=BANDS, rules=(GRADUATED,))
    assert sorted((line["quantity"], plain(line["list_cost_usd"])) for line in found) == [
        (100, "0.1"),
        (500, "0.05"),
        (900, "0.45"),
    ]
    assert len({line["price_id"] for line in found}) == 3
    [row] = costs(call(others={"page": 1500}), prices=BANDS, rules=(GRADUATED,))
    assert set(row["price_ids"].split(",")) == {line["price_id"] for line in found}
    assert row["used_units"] == 1


TOKENS = (
    price("input", "3"),
    price("input", "1", tier_above="1000"),
    price("output", "15"),
    price("request", "0.01"),
)


def test_common_units_have_bands_too_each_for_itself():
    used = call(input=1500, cache_read=0, output=2000, request=1)
    [row] = costs(used, prices=TOKENS, rules=(GRADUATED,))
    assert plain(row["list_cost_usd"]) == plain(
        Decimal("0.003") + Decimal("0.0005") + Decimal("0.03") + Decimal("0.01")
    )
    assert (row["cost_status"], row["used_units"], row["priced_tokens"]) == ("priced", 3, 3500)


def test_a_unit_without_a_price_beside_bands_is_named():
    [row] = costs(call(input=1500, cache_read=7), prices=TOKENS, rules=(GRADUATED,))
    assert (row["cost_status"], row["unpriced_units"], row["unpriced_tokens"]) == (
        "partially_priced",
        "cache_read",
        7,
    )


def test_a_fallback_takes_the_bands_of_the_unit_that_it_falls_back_to():
    banded = (price("output", "15"), price("output", "5", tier_above="1000"))
    [row] = costs(call(reasoning=3000), prices=banded, rules=(GRADUATED,))
    assert plain(row["list_cost_usd"]) == "0.025"


def test_bands_begin_and_end_with_their_rule():
    dated = rule(tier_mode="graduated", tier_basis="quantity", effective_from="2026-03-10T12:00:00Z")
    instants = [NOON - timedelta(microseconds=1), NOON]
    calls = [call(f"c-{place}", others={"page": 101}, billed_at=at) for place, at in enumerate(instants)]
    # Before it, the tiers count the input of the whole request, which is 101 here as well.
    assert [plain(row["list_cost_usd"]) for row in costs(*calls, prices=BANDS, rules=(dated,))] == [
        "0.0505",
        "0.1005",
    ]


@pytest.mark.parametrize(("tokens", "billed"), [(1, 1000), (1000, 1000), (1001, 1500), (1500, 1500)])
def test_a_common_unit_has_a_minimum_and_an_increment(tokens, billed):
    step = rule(unit="input", min_quantity="1000", increment="500")
    used, prices = call(input=tokens), (price("input", "3"),)
    [row] = costs(used, prices=prices, rules=(step,))
    assert row["list_cost_usd"] == Decimal("0.000003") * billed
    [line] = lines(used, prices=prices, rules=(step,))
    assert (line["quantity"], line["billed_quantity"]) == (tokens, billed)


def test_the_step_of_the_model_goes_before_that_of_its_provider():
    steps = (rule(unit="page", min_quantity="10"), rule(model="a-1", unit="page", min_quantity="5"))
    assert pages(1, *steps) == "0.005"


CHANGE = price("input", "4", effective_from="2026-03-10T12:00:00Z", change_kind="price_change")
PRICES = (price("input", "3"), CHANGE)


@pytest.mark.parametrize(
    ("rules", "cost"),
    [
        ((), "4"),
        ((rule(billed_at="start"),), "3"),
        ((rule(billed_at="start"), rule(model="a-1")), "4"),
        ((rule(), rule(model="a-1", billed_at="start")), "3"),
        ((rule(billed_at="start", effective_from="2026-03-10T12:00:00.000001Z"),), "4"),
    ],
)
def test_the_instant_at_which_a_call_starts_chooses_its_price_where_a_rule_says_so(rules, cost):
    used = call(input=1_000_000, started_at=NOON - timedelta(seconds=1), billed_at=NOON)
    [row] = costs(used, prices=PRICES, rules=rules)
    assert plain(row["list_cost_usd"]) == cost
    assert (row["day"], row["billed_at"]) == (NOON.date(), NOON)


def test_a_call_over_midnight_pays_the_price_of_the_day_on_which_it_started():
    midnight = NOON.replace(hour=0)
    change = price("input", "4", effective_from="2026-03-10T00:00:00Z", change_kind="price_change")
    used = call(input=1_000_000, started_at=midnight - timedelta(seconds=1), billed_at=midnight)
    [row] = costs(used, prices=(price("input", "3"), change), rules=(rule(billed_at="start"),))
    assert plain(row["list_cost_usd"]) == "3"


def test_a_call_whose_start_is_not_known_pays_the_price_of_its_end():
    used = call(input=1_000_000, started_at=None, billed_at=NOON)
    [row] = costs(used, prices=PRICES, rules=(rule(billed_at="start"),))
    assert plain(row["list_cost_usd"]) == "4"
