"""Uplifts are part of the list price; contracts stand beside it, and the narrowest one counts."""

from decimal import Decimal

import pytest
from tests.warehouse.seeds import alias, price

SINCE = "2026-01-01T00:00:00Z"
PRICES = (
    price("input", "3"),
    price("output", "15"),
    price("web_search", "10"),
    price("input", "5", region="mars"),
    price("input", "3", model="a-2"),
    price("input", "7", provider="maker", model="m-1"),
)


def line(name, kind, value, scope="", since=SINCE, until=""):
    """One line of adjustments.csv; scope as `tenant=t provider=acme`."""
    cells = {"provider": "acme", **dict(part.split("=") for part in scope.split())}
    columns = [
        cells.get(column, "") for column in ("tenant", "provider", "model", "unit", "context", "region")
    ]
    factor, amount, per, currency = (value, "", "", "")
    if kind == "override":  # a price, of dollars unless it says otherwise
        amount, _, currency = value.partition(" ")
        factor, per, currency = "", "1000000", currency or "USD"
    return ",".join([name, kind, *columns, since, until, factor, amount, per, currency, "", ""])


def test_an_uplift_lifts_tokens_of_its_region_from_its_first_instant(priced):
    lifts = (
        line("us", "uplift", "1.1", "region=us", until="2026-03-10T00:00:00Z"),
        line("us", "uplift", "1.5", "region=us", since="2026-03-10T00:00:00Z"),
    )
    calls = [
        {"region": "us", "timestamp": "2026-03-09T23:59:59.999999Z"},
        {"region": "us", "timestamp": "2026-03-10T00:00:00Z"},
        {"region": "eu"},
        {"region": "us", "input_tokens": "0", "web_searches": "1000"},
    ]
    rows = priced(PRICES, calls, adjustments=lifts)
    assert [row.list_cost_usd for row in rows] == [Decimal("3.3"), Decimal("4.5"), 3, 10]
    assert [row.contracted_cost_usd for row in rows] == [row.list_cost_usd for row in rows]


def test_a_region_with_its_own_price_is_not_lifted_again(priced):
    rows = priced(PRICES, [{"region": "mars"}], adjustments=(line("m", "uplift", "1.1", "region=mars"),))
    assert rows[0].list_cost_usd == 5


@pytest.mark.parametrize(
    ("factor", "cost"),
    [("1.0000005", "0.0001"), ("1.0000015", "0.0001000002"), ("1.0000016", "0.0001000002")],
)
def test_the_lifted_price_is_rounded_half_even_to_sixteen_places(priced, factor, cost):
    prices = (price("input", "0.0001"),)  # 1e-10 a token
    [row] = priced(prices, [{"region": "us"}], adjustments=(line("x", "uplift", factor, "region=us"),))
    assert row.list_cost_usd == Decimal(cost)


def test_a_discount_stands_beside_the_list_price_of_its_tenant_only(priced):
    calls = [{"tenant": "t"}, {"tenant": "u"}, {}]
    rows = priced(PRICES, calls, adjustments=(line("deal", "discount", "0.9", "tenant=t"),))
    assert [row.list_cost_usd for row in rows] == [3, 3, 3]
    assert [row.contracted_cost_usd for row in rows] == [Decimal("2.7"), 3, 3]


def test_the_narrowest_contract_counts(priced):
    deals = (
        line("all", "discount", "0.9"),
        line("tenant", "discount", "0.8", "tenant=t"),
        line("model", "override", "2", "tenant=t model=a-1 unit=input"),
    )
    calls = [
        {},
        {"tenant": "t", "model": "a-2"},
        {"tenant": "t"},
        {"tenant": "t", "input_tokens": "0", "output_tokens": "1000000"},
    ]
    rows = priced(PRICES, calls, adjustments=deals)
    assert [row.contracted_cost_usd for row in rows] == [Decimal("2.7"), Decimal("2.4"), 2, 12]
    assert [row.list_cost_usd for row in rows] == [3, 3, 3, 15]


def test_a_contract_holds_in_its_time_only(priced):
    deal = line("deal", "discount", "0.5", "tenant=t", "2026-03-10T12:00:00Z", "2026-03-10T13:00:00Z")
    instants = ["11:59:59.999999", "12:00:00", "12:59:59.999999", "13:00:00"]
    calls = [{"tenant": "t", "timestamp": f"2026-03-10T{at}Z"} for at in instants]
    rows = priced(PRICES, calls, adjustments=(deal,))
    assert [row.contracted_cost_usd for row in rows] == [3, Decimal("1.5"), Decimal("1.5"), 3]


def test_a_discount_is_taken_from_the_lifted_price(priced):
    both = (line("us", "uplift", "1.1", "region=us"), line("deal", "discount", "0.9", "tenant=t"))
    [row] = priced(PRICES, [{"tenant": "t", "region": "us"}], adjustments=both)
    assert (row.list_cost_usd, row.contracted_cost_usd) == (Decimal("3.3"), Decimal("2.97"))


def test_a_contract_is_with_who_bills_and_not_with_whose_price_it_is(priced):
    aliases = (alias("acme", "m-1", "maker", "m-1"),)
    deals = (line("acme", "discount", "0.9"), line("maker", "discount", "0.5", "provider=maker"))
    calls = [{"model": "m-1"}, {"model": "m-1", "provider": "maker"}]
    rows = priced(PRICES, calls, aliases=aliases, adjustments=deals)
    assert [row.contracted_cost_usd for row in rows] == [Decimal("6.3"), Decimal("3.5")]


LEVELS = ("provider=", "tenant=t", "tenant=t model=a-1", "tenant=t model=a-1 unit=input")
LEVELS = (*LEVELS, "tenant=t model=a-1 unit=input context=standard")
LEVELS = (*LEVELS, "tenant=t model=a-1 unit=input context=standard region=eu")


@pytest.mark.parametrize("count", range(1, len(LEVELS) + 1))
def test_each_narrower_contract_wins_over_all_wider_ones(priced, count):
    deals = tuple(line(f"d{n}", "discount", f"0.{9 - n}", scope) for n, scope in enumerate(LEVELS[:count]))
    [row] = priced(PRICES, [{"tenant": "t", "region": "eu"}], adjustments=deals)
    assert (row.list_cost_usd, row.contracted_cost_usd) == (3, 3 * Decimal(f"0.{10 - count}"))


def test_a_price_agreed_in_euros_is_worth_the_rate_of_the_day_and_unknown_without_one(priced):
    deal = (line("deal", "override", "2 EUR", "tenant=t model=a-1 unit=input"),)
    rates = ("2026-03-09,EUR,1.1,ecb", "2026-03-10,EUR,1.25,ecb")
    days = ["2026-03-09T23:59:59.999999Z", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"]
    calls = [{"tenant": "t", "timestamp": day} for day in days]
    calls.append(calls[-1] | {"input_tokens": "0", "output_tokens": "1000000"})
    rows = priced(PRICES, calls, adjustments=deal, fx_rates=rates)
    assert [row.list_cost_usd for row in rows] == [3, 3, 3, 15]
    assert [row.contracted_cost_usd for row in rows] == [Decimal("2.2"), Decimal("2.5"), None, 15]
    assert {row["cost_status"] for row in rows} == {"priced"}


def test_a_wider_contract_does_not_fill_in_for_a_missing_rate(priced):
    deals = (
        line("deal", "override", "2 EUR", "tenant=t model=a-1 unit=input"),
        line("all", "discount", "0.9"),
    )
    rates = ("2026-03-09,EUR,1.1,ecb",)
    [row] = priced(PRICES, [{"tenant": "t"}], adjustments=deals, fx_rates=rates)
    assert row.contracted_cost_usd is None


def test_a_contract_may_be_for_a_unit_without_a_column_of_its_own(priced):
    prices = (*PRICES, price("page", "2", per="1000"))
    deal = (line("deal", "discount", "0.5", "unit=page"),)
    call = {"unit": "page", "quantity": "1000", "input_tokens": ""}
    [row] = priced(prices, [call], adjustments=deal)
    assert (row.list_cost_usd, row.contracted_cost_usd) == (2, 1)
