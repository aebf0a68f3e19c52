"""What each unit costs in each interval, context, region and tier; the more specific price wins, in that order."""

from decimal import Decimal

import pytest
from tests.warehouse.pricing.cards import amounts, cell, cells
from tests.warehouse.seeds import price, rule, seed_files, seed_texts

from spanledger_warehouse.seeds.catalogue import parse

OPEN = "9999-12-31"


def test_a_price_holds_from_its_instant_until_the_next():
    rows = cells(
        price("input", "3"),
        price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change"),
    )
    assert amounts(rows) == [("2026-01-01", "2026-03-01", 3.0), ("2026-03-01", OPEN, 4.0)]


def test_a_price_that_ends_leaves_a_gap_until_the_next():
    rows = cells(
        price("input", "3", effective_to="2026-02-01T00:00:00Z"),
        price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change"),
    )
    assert amounts(rows) == [("2026-01-01", "2026-02-01", 3.0), ("2026-03-01", OPEN, 4.0)]


def test_a_change_of_one_unit_splits_the_interval_of_all_without_changing_them():
    rows = cells(
        price("input", "3"),
        price("output", "15"),
        price("output", "20", effective_from="2026-03-01T00:00:00Z", change_kind="price_change"),
    )
    assert amounts(rows) == [("2026-01-01", "2026-03-01", 3.0), ("2026-03-01", OPEN, 3.0)]
    assert amounts(rows, unit="output") == [("2026-01-01", "2026-03-01", 15.0), ("2026-03-01", OPEN, 20.0)]


def test_unit_prices_are_exact():
    rows = cells(price("input", "0.0000000001"), price("web_search", "10"), price("request", "0.0000000003"))
    assert cell(rows)["unit_price"] == Decimal("1E-16")
    assert cell(rows, unit="web_search")["unit_price"] == Decimal("0.01")
    assert cell(rows, unit="request")["unit_price"] == Decimal("3E-10")


TIERS = (price("input", "3"), price("output", "15"), price("input", "6", tier_above="200000"))


def test_a_tier_begins_above_its_number_of_tokens():
    rows = cells(*TIERS)
    low, high = cell(rows), cell(rows, tier_above=200000)
    assert (low["tier_from_tokens"], low["tier_to_tokens"]) == (0, 200000)
    assert (high["tier_from_tokens"], high["tier_to_tokens"]) == (200001, 2**63 - 1)


def test_a_unit_without_a_price_in_a_tier_keeps_that_of_the_tier_below():
    assert cell(cells(*TIERS), tier_above=200000, unit="output")["unit_price"] == Decimal("0.000015")


@pytest.mark.parametrize(
    ("rules", "first"),
    [
        ((), 200001),
        ((rule(tier_comparison=">="),), 200000),
        ((rule(tier_comparison=">="), rule(model="a-1", tier_comparison=">")), 200001),
        ((rule(tier_comparison=">"), rule(model="a-1", tier_comparison=">=")), 200000),
        ((rule(model="a-2", tier_comparison=">="),), 200001),
        ((rule(unit="input", tier_comparison=">="),), 200001),
        ((rule("other", tier_comparison=">="),), 200001),
    ],
)
def test_a_rule_says_whether_the_number_itself_is_in_the_tier_and_the_specific_one_wins(rules, first):
    high = cell(cells(*TIERS, rules=rules), tier_above=200000)
    assert high["tier_from_tokens"] == first


def test_a_dated_rule_holds_for_its_time_only():
    until, since = {"effective_to": "2026-03-01T00:00:00Z"}, {"effective_from": "2026-03-01T00:00:00Z"}
    rules = (rule(tier_comparison=">=", **until), rule(tier_comparison=">", **since))
    rows = cells(*TIERS, rules=rules)
    found = sorted(
        (f"{row['valid_from']:%m-%d}", row["tier_from_tokens"]) for row in rows if row["tier_above"]
    )
    assert sorted(set(found)) == [("01-01", 200000), ("03-01", 200001)]
    assert amounts(rows) == [("2026-01-01", "2026-03-01", 3.0), ("2026-03-01", OPEN, 3.0)]


def test_ranges_of_tiers_leave_no_gap():
    prices = [
        price("input", str(number + 1), tier_above=above)
        for number, above in enumerate(["0", "1000", "9000"])
    ]
    rows = [row for row in cells(*prices) if row["unit"] == "input"]
    rows.sort(key=lambda row: row["tier_above"])
    assert [(row["tier_from_tokens"], row["tier_to_tokens"]) for row in rows] == [
        (0, 1000),
        (1001, 9000),
        (9001, 2**63 - 1),
    ]


CONTEXTS = (
    price("input", "3"),
    price("output", "15"),
    price("web_search", "10"),
    price("input", "1.5", context="batch"),
    price("output", "7.5", context="batch"),
    price("web_search", "10", context="batch"),
)


def test_a_context_stands_on_its_own():
    rows = cells(*CONTEXTS)
    assert cell(rows, context="batch")["unit_price"] == Decimal("0.0000015")
    assert {row["context"] for row in rows} == {"standard", "batch"}


def test_a_region_has_its_own_price_and_the_global_one_where_it_has_none():
    rows = cells(price("input", "3"), price("output", "15"), price("input", "3.3", region="us"))
    assert cell(rows, region="us")["unit_price"] == Decimal("0.0000033")
    assert cell(rows, region="us", unit="output")["unit_price"] == Decimal("0.000015")
    assert cell(rows)["unit_price"] == Decimal("0.000003")


def test_a_region_has_its_own_tiers_and_those_of_the_global_price_for_what_it_does_not_price():
    whole = cells(
        *TIERS, price("input", "3.3", region="us"), price("input", "6.6", region="us", tier_above="200000")
    )
    assert cell(whole, region="us", tier_above=200000)["unit_price"] == Decimal("0.0000066")
    others = cells(*TIERS, price("output", "16.5", region="us"))
    assert (
        cell(others, region="us", tier_above=200000)["unit_price"]
        == cell(others, tier_above=200000)["unit_price"]
    )


def test_many_regions_contexts_and_tiers_give_one_price_each():
    prices = [
        price("input", f"{1 + place}", context=context, region=region, tier_above=tier)
        for place, (context, region, tier) in enumerate(
            (context, region, tier)
            for context in ("standard", "batch", "flex")
            for region in ("global", "us", "eu")
            for tier in ("0", "1000", "200000")
        )
    ]
    rows = [row for row in cells(*prices) if row["unit"] == "input"]
    assert len(rows) == 27
    assert sorted(int(row["unit_price"] * 1_000_000) for row in rows) == list(range(1, 28))
    assert len({(row["card_id"], row["unit"]) for row in rows}) == 27


def test_reasoning_falls_back_to_output_and_images_to_input():
    rows = cells(price("input", "3"), price("output", "15"))
    reasoning, image = cell(rows, unit="reasoning"), cell(rows, unit="input_image")
    assert (reasoning["unit_price"], reasoning["priced_as"]) == (Decimal("0.000015"), "output")
    assert (image["unit_price"], image["priced_as"]) == (Decimal("0.000003"), "input")
    assert {row["unit"] for row in rows} >= {"input", "output", "reasoning", "input_image"}
    assert "cache_read" not in {row["unit"] for row in rows}


def test_a_unit_with_a_price_of_its_own_does_not_fall_back():
    rows = cells(price("output", "15"), price("reasoning", "20", effective_from="2026-03-01T00:00:00Z"))
    assert amounts(rows, unit="reasoning") == [("2026-01-01", "2026-03-01", 15.0), ("2026-03-01", OPEN, 20.0)]


def test_a_corrected_price_is_out_of_force_at_every_instant():

    wrong = price("input", "30")
    [row] = parse(seed_files(seed_texts(wrong))).prices
    rows = cells(wrong, price("input", "3", change_kind="correction", supersedes=row.price_id))
    assert amounts(rows) == [("2026-01-01", OPEN, 3.0)]
