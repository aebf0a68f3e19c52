"""Exchange rates by day, the operator's defaults, minimums and increments, and prices by the hour."""

from decimal import Decimal

import pytest
from tests.warehouse.seeds import price, rule

EURO = (price("input", "2", currency="EUR"), price("output", "10", currency="EUR"))


def test_a_foreign_price_is_worth_its_rate_of_the_day(priced):
    days = ["2026-03-09T23:59:59.999999Z", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"]
    rates = ("2026-03-09,EUR,1.1,ecb", "2026-03-10,EUR,1.25,ecb")
    rows = priced(EURO, [{"timestamp": day} for day in days], fx_rates=rates)
    assert [row.list_cost_usd for row in rows] == [Decimal("2.2"), Decimal("2.5"), None]
    assert [row["cost_status"] for row in rows] == ["priced", "priced", "unpriced"]


def test_a_later_rate_moves_no_day_that_has_one(priced):
    rates = ["2026-03-09,EUR,1.1,ecb", "2026-03-10,EUR,1.1,ecb"]
    calls = [{"timestamp": "2026-03-09T10:00:00Z"}, {"timestamp": "2026-03-10T10:00:00Z"}]
    before = [row.list_cost_usd for row in priced(EURO, calls, fx_rates=rates)]
    after = [row.list_cost_usd for row in priced(EURO, calls, fx_rates=[*rates, "2026-03-11,EUR,9,ecb"])]
    assert before == after == [Decimal("2.2"), Decimal("2.2")]


def test_an_unknown_model_costs_the_default_and_says_so(priced):
    since = "2026-01-01T00:00:00Z"
    defaults = (f"acme,input,{since},,9,1000000,USD,", f"acme,output,{since},,30,1000000,USD,")
    calls = [
        {"model": "a-99", "context": "batch", "output_tokens": "1000000"},
        {"model": "a-1"},
        {"model": "a-99", "provider": "other"},
        {"model": "a-99", "web_searches": "5"},
    ]
    rows = priced((price("input", "3"),), calls, defaults=defaults)
    assert [row["cost_status"] for row in rows] == [
        "default_priced",
        "priced",
        "unpriced",
        "partially_priced",
    ]
    assert [row.list_cost_usd for row in rows] == [39, 3, None, 9]


@pytest.mark.parametrize(
    ("seconds", "billed"), [(1, 10), (9, 10), (10, 10), (11, 15), (15, 15), (3600, 3600)]
)
def test_a_minimum_and_an_increment_are_billed(priced, seconds, billed):
    hour = price("input_audio_second", "3.6", per="3600")
    step = rule(unit="input_audio_second", min_quantity="10", increment="5")
    call = {"unit": "input_audio_second", "quantity": str(seconds), "input_tokens": ""}
    [row] = priced((hour,), [call], rules=(step,))
    assert row.list_cost_usd == Decimal("0.001") * billed


def test_an_hour_that_does_not_divide_is_rounded_at_the_sixteenth_place(priced):
    hour = price("input_audio_second", "0.111", per="3600")
    call = {"unit": "input_audio_second", "quantity": "3600", "input_tokens": ""}
    [row] = priced((hour,), [call])
    assert row.list_cost_usd == Decimal("0.111")


@pytest.mark.parametrize(
    ("unit", "per", "quantity", "cost"),
    [
        ("request", "1", 3, 6),
        ("page", "1000", 500, 1),
        ("input_character", "1000000", 250000, Decimal("0.5")),
        ("generated_image", "1", 2, 4),
        ("output_video_second", "1", 8, 16),
        ("rerank_query", "1000", 1000, 2),
        ("file_search", "1000", 1, Decimal("0.002")),
        ("session", "1", 1, 2),
    ],
)
def test_units_other_than_tokens_are_priced(priced, unit, per, quantity, cost):
    call = {"unit": unit, "quantity": str(quantity), "input_tokens": ""}
    [row] = priced((price(unit, "2", per=per),), [call])
    assert (row.list_cost_usd, row["cost_status"]) == (cost, "priced")


def test_an_explicit_charge_for_requests_without_a_price_is_unpriced_and_not_zero(priced):
    call = {"unit": "request", "quantity": "3", "input_tokens": ""}
    [row] = priced((price("input", "3"),), [call])
    assert (row["cost_status"], row.list_cost_usd) == ("unpriced", None)
