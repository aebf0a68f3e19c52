"""What a call costs, and what its status says: priced, partly, not at all, free, or not known."""

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from tests.warehouse.ledger.calls import NOON, PRICES, call, cost, costs, lines, plain, without_usage
from tests.warehouse.seeds import alias, price, rule

JUST_BEFORE, EXACTLY, JUST_AFTER = timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1)
CHANGE = price("input", "4", effective_from="2026-03-10T12:00:00Z", change_kind="price_change")


def test_a_call_costs_its_units_at_their_prices():
    assert cost(input=100, cache_read=1000, output=10) == ("priced", "0.00075")


@pytest.mark.parametrize(("offset", "expected"), [(JUST_BEFORE, "3"), (EXACTLY, "4"), (JUST_AFTER, "4")])
def test_a_price_holds_from_its_very_instant(offset, expected):
    assert cost(prices=(*PRICES, CHANGE), billed_at=NOON + offset, input=1_000_000) == ("priced", expected)


@pytest.mark.parametrize(
    ("offset", "expected"), [(JUST_BEFORE, ("priced", "3")), (EXACTLY, ("unpriced", None))]
)
def test_a_price_that_ends_holds_until_its_very_instant(offset, expected):
    ending = price("input", "3", effective_to="2026-03-10T12:00:00Z")
    assert cost(prices=(ending,), billed_at=NOON + offset, input=1_000_000) == expected


def test_a_call_before_the_first_price_has_none():
    early = price("input", "3", effective_from="2026-03-10T12:00:00.000001Z")
    assert cost(prices=(early,), input=5) == ("unpriced", None)


TIERED = (*PRICES, price("input", "6", tier_above="200000"), price("output", "22.5", tier_above="200000"))


@pytest.mark.parametrize(
    ("tokens", "expected"), [(199_999, "0.599997"), (200_000, "0.6"), (200_001, "1.200006")]
)
def test_the_tier_above_200000_begins_at_200001(tokens, expected):
    assert cost(prices=TIERED, input=tokens) == ("priced", expected)


@pytest.mark.parametrize(("tokens", "expected"), [(199_999, "0.599997"), (200_000, "1.2")])
def test_the_tier_begins_at_200000_where_a_rule_says_so(tokens, expected):
    [row] = costs(call(input=tokens), prices=TIERED, rules=(rule(tier_comparison=">="),))
    assert plain(row["list_cost_usd"]) == expected


def test_the_whole_request_pays_the_tier_that_all_its_input_reaches():
    assert cost(prices=TIERED, input=1, cache_read=200_000, output=1_000_000) == ("priced", "22.560006")


def test_output_does_not_choose_the_tier():
    assert cost(prices=TIERED, input=1, output=1_000_000) == ("priced", "15.000003")


BATCH = {"input": "1.5", "cache_read": "0.15", "output": "7.5"}
CONTEXTS = (*PRICES, *(price(unit, amount, context="batch") for unit, amount in BATCH.items()))


def test_a_context_has_its_own_prices_and_an_unknown_one_has_none():
    assert cost(prices=CONTEXTS, pricing_context="batch", input=1_000_000) == ("priced", "1.5")
    assert cost(prices=CONTEXTS, pricing_context="flex", input=1_000_000) == ("unpriced", None)


def test_a_region_pays_its_own_price_and_the_global_one_where_it_has_none():
    prices = (*PRICES, price("input", "3.3", region="us"))
    assert cost(prices=prices, pricing_region="us", input=1_000_000) == ("priced", "3.3")
    assert cost(prices=prices, pricing_region="us", output=1_000_000) == ("priced", "15")
    assert cost(prices=prices, pricing_region="eu", input=1_000_000) == ("priced", "3")


def test_an_alias_pays_the_price_of_its_model_and_says_so():
    aliases = (alias("acme", r"a-1-\d{4}", target_model="a-1"),)
    [row] = costs(call(model_id="a-1-0301", input=1_000_000), aliases=aliases)
    found = [row[name] for name in ("model", "model_id", "matched_by", "cost_status")]
    assert found == ["a-1", "a-1-0301", "alias", "priced"]


@pytest.mark.parametrize(("offset", "status"), [(JUST_BEFORE, "unpriced"), (EXACTLY, "priced")])
def test_a_dated_alias_holds_from_its_very_instant(offset, status):
    aliases = (alias("acme", "latest", target_model="a-1", effective_from="2026-03-10T12:00:00Z"),)
    [row] = costs(call(model_id="latest", billed_at=NOON + offset, input=10), aliases=aliases)
    assert row["cost_status"] == status


def test_an_unknown_model_is_unpriced_with_its_tokens_counted():
    [row] = costs(call(model_id="a-9", input=10, output=5))
    found = [row[name] for name in ("cost_status", "list_cost_usd", "priced_tokens", "unpriced_tokens")]
    assert found == ["unpriced", None, 0, 15]
    assert (row["model"], row["matched_by"], row["price_ids"]) == ("a-9", "none", None)


def test_a_unit_without_a_price_makes_the_call_partially_priced_and_is_named():
    [row] = costs(call(input=10, cache_write_1h=4, output_audio=2))
    assert (row["cost_status"], row["unpriced_units"]) == ("partially_priced", "cache_write_1h,output_audio")
    assert (plain(row["list_cost_usd"]), row["priced_tokens"], row["unpriced_tokens"]) == ("0.00003", 10, 6)


def test_a_search_without_a_price_leaves_no_token_unpriced():
    [row] = costs(call(input=10, web_search=1))
    assert (row["cost_status"], row["unpriced_units"], row["unpriced_tokens"]) == (
        "partially_priced",
        "web_search",
        0,
    )


def test_an_explicit_zero_is_free_and_no_price_is_not():
    nothing = price("input", "0")
    assert cost(prices=(nothing, price("output", "0")), input=10, output=5) == ("free", "0")
    assert cost(prices=(nothing, price("output", "1")), input=10, output=5) == ("priced", "0.000005")
    assert cost(prices=(nothing,), input=10, output=5) == ("partially_priced", "0")


def test_a_failed_call_without_usage_costs_nothing():
    [row] = costs(without_usage(success=False))
    assert (row["cost_status"], row["list_cost_usd"]) == ("no_usage", Decimal(0))


def test_a_call_whose_usage_is_not_known_has_no_known_cost():
    impossible = without_usage("impossible", success=False, usage_issue="input_tokens=-1")
    rows = costs(without_usage("succeeded"), impossible)
    assert [(row["cost_status"], row["list_cost_usd"]) for row in rows] == [("usage_missing", None)] * 2


def test_a_failed_call_with_usage_is_billed():
    assert cost(success=False, input=1_000_000) == ("priced", "3")


def test_partial_usage_is_priced_as_far_as_it_goes():
    partial = {"usage_status": "partial", "output_tokens": None, "output_quantity": None}
    assert cost(input=1_000_000, **partial) == ("priced", "3")


def test_reasoning_is_billed_as_output_where_it_has_no_price_of_its_own():
    assert cost(reasoning=1_000_000) == ("priced", "15")
    assert cost(prices=(*PRICES, price("reasoning", "20")), reasoning=1_000_000) == ("priced", "20")


def test_the_call_itself_is_charged_only_where_a_price_exists():
    charged = (*PRICES, price("request", "0.005"))
    assert cost(prices=charged, request=1, input=1) == ("priced", "0.005003")
    assert cost(prices=charged, request=1) == ("priced", "0.005")
    assert cost(request=1, input=1) == ("priced", "0.000003")
    assert cost(request=1) == ("priced", "0")


def test_a_charge_for_the_call_leaves_tokens_without_a_price_named():
    charged = (price("request", "0.005"), price("input", "3"))
    [row] = costs(call(request=1, input=1_000_000, output=5), prices=charged)
    assert (row["cost_status"], row["unpriced_units"], plain(row["list_cost_usd"])) == (
        "partially_priced",
        "output",
        "3.005",
    )
    [row] = costs(call(request=1, output=5), prices=charged)
    assert (row["cost_status"], plain(row["list_cost_usd"])) == ("partially_priced", "0.005")


def test_a_charged_call_with_free_tokens_is_not_free():
    charged = (price("request", "0.005"), price("input", "0"))
    assert cost(prices=charged, request=1, input=10) == ("priced", "0.005")


def test_units_without_a_column_are_priced_in_long_form():
    prices = (*PRICES, price("cache_write_30m", "6"))
    [row] = costs(call(input=10, others={"cache_write_30m": 1_000_000, "cache_write_12h": 7}), prices=prices)
    assert (row["cost_status"], plain(row["list_cost_usd"])) == ("partially_priced", "6.00003")
    assert (row["unpriced_units"], row["unpriced_tokens"]) == ("cache_write_12h", 7)


def test_every_other_unit_is_named_with_its_price_or_as_unpriced():
    both = call(others={"cache_write_30m": 1, "cache_write_12h": 1})
    prices = (*PRICES, price("cache_write_30m", "6"), price("cache_write_12h", "9"))
    [row] = costs(both, prices=prices)
    assert set(row["price_ids"].split(",")) == {line["price_id"] for line in lines(both, prices=prices)}
    [row] = costs(both)
    assert row["unpriced_units"] == "cache_write_12h,cache_write_30m"


# The exact product ends in a five at the thirteenth place: half to even goes both ways.
HALVES = [
    (5, "0.0000001"),
    (15, "0.0000001"),
    (25, "0.0000001"),
    (35, "0.0000003"),
    (1, "0.0000005"),
    (3, "0.0000005"),
]


@pytest.mark.parametrize(
    ("quantity", "amount"), [*HALVES, (999_999_999, "12345.6789012345"), (1, "0.0000000001")]
)
def test_a_line_is_rounded_once_half_to_even_to_twelve_places(quantity, amount):
    exact = quantity * Decimal(amount) / 1_000_000
    expected = exact.quantize(Decimal("1E-12"), rounding=ROUND_HALF_EVEN)
    [row] = costs(call(input=quantity), prices=(price("input", amount),))
    assert row["list_cost_usd"] == expected


def test_twelve_lines_are_rounded_each_and_then_added_exactly():
    tokens = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "input_audio", "input_image")
    tokens = (*tokens, "output", "reasoning", "output_audio", "output_image")
    prices = [price(unit, "0.0000015") for unit in tokens]  # 1.5e-12 a token
    prices += [price("web_search", "0.0000000015"), price("request", "0.0000000001")]
    [row] = costs(call(**dict.fromkeys((*tokens, "web_search", "request"), 1)), prices=tuple(prices))
    assert row["list_cost_usd"] == Decimal("0.000000000122")  # eleven times 2e-12, and 1e-10


def test_the_largest_call_does_not_overflow():
    units = dict.fromkeys(("input", "cache_read", "output"), 1_000_000_000)
    assert (
        cost(prices=tuple(price(unit, "9999.9999999999") for unit in units), **units)[1] == "29999999.9999997"
    )


REPORTED = [
    ("0.0000000000005", "USD", "0"),
    ("0.0000000000015", "USD", "0.000000000002"),
    ("1.5", "EUR", None),
]


@pytest.mark.parametrize(("reported", "currency", "expected"), [*REPORTED, (None, None, None)])
def test_the_reported_cost_stands_beside_ours_in_dollars_only(reported, currency, expected):
    [row] = costs(call(input=1, reported_cost=reported, reported_cost_currency=currency))
    assert plain(row["reported_cost_usd"]) == expected
    assert plain(row["list_cost_usd"]) == "0.000003"


def test_only_billable_rows_have_a_cost():
    others = [call(name, input=1, disposition=name) for name in ("duplicate", "not_llm", "rollup")]
    assert [row["call_id"] for row in costs(call("a", input=1), *others)] == ["a"]


def test_calls_of_several_days_meet_the_price_of_their_own_instant():
    instants = [NOON - timedelta(days=1), NOON + JUST_BEFORE, NOON, NOON + timedelta(days=20)]
    calls = [
        call(f"c-{place}", input=1_000_000, billed_at=instant, day=instant.date())
        for place, instant in enumerate(instants)
    ]
    assert [plain(row["list_cost_usd"]) for row in costs(*calls, prices=(*PRICES, CHANGE))] == [
        "3",
        "3",
        "4",
        "4",
    ]
