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
    factor, amount, per, currency = (
        ("", value, "1000000", "USD") if kind == "override" else (value, "", "", "")
    )
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
