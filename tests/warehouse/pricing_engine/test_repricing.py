"""A contract, a rate or a counting rule that changes prices again the days that it concerns, and no other."""

from decimal import Decimal

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.pricing_engine.conftest import HEADERS
from tests.warehouse.pricing_engine.test_adjustments import line
from tests.warehouse.runs.test_days import INPUT, OUTPUT, daily, day, land_days
from tests.warehouse.seeds import price, rule, seed_texts

RATES = ("2026-03-10,EUR,1.1,ecb", "2026-03-11,EUR,1.1,ecb")


@pytest.fixture
def ledger(tmp_path):
    """Three priced days of one model of the tenant t."""
    made = Ledger(tmp_path / "home", seed_texts(INPUT, OUTPUT))
    land_days(made, 0, 1, 2, tenant="t")
    assert made.run() == [day(0), day(1), day(2)]
    return made


def seeds(ledger, *prices, rules=(), **tables):
    """Make these the seeds of the next run."""
    ledger.texts = seed_texts(*(prices or (INPUT, OUTPUT)), rules=rules)
    for name, lines in tables.items():
        ledger.texts[f"{name}.csv"] = "\n".join([HEADERS[name], *lines, ""])


def agreed(ledger):
    """The contracted cost of each day in millionths."""
    rows = ledger.published_rows(
        "select day, contracted_cost_usd as cost from marts.daily_costs order by day"
    )
    return [None if row["cost"] is None else row["cost"] * 1_000_000 for row in rows]


def test_a_contract_that_changes_prices_its_days_again_and_leaves_the_list_price(ledger):
    listed = daily(ledger)
    seeds(ledger, adjustments=(line("deal", "discount", "0.9", "tenant=t", "2026-03-11T00:00:00Z"),))
    assert ledger.run() == [day(1), day(2)]
    assert agreed(ledger) == [450, 405, 405]
    seeds(ledger, adjustments=(line("deal", "discount", "0.8", "tenant=t", "2026-03-11T00:00:00Z"),))
    assert ledger.run() == [day(1), day(2)]
    assert agreed(ledger) == [450, 360, 360]
    seeds(ledger, adjustments=(line("deal", "discount", "0.8", "tenant=u", "2026-03-11T00:00:00Z"),))
    assert ledger.run() == [day(1), day(2)]
    assert agreed(ledger) == [450, 450, 450]
    assert daily(ledger) == listed


def test_a_rate_that_is_added_prices_its_day_of_a_contract_and_moves_no_other(ledger):
    deal = line("deal", "override", "2 EUR", "tenant=t model=a-1 unit=input")
    seeds(ledger, adjustments=(deal,), fx_rates=RATES)
    ledger.run()
    assert agreed(ledger) == [370, 370, None]
    [found] = ledger.published_rows(
        "select * from marts.data_quality where check_name = 'agreed_price_has_a_rate'"
    )
    assert (found["violations"], found["example"]) == (1, "t 2026-03-12: acme a-1")
    seeds(ledger, adjustments=(deal,), fx_rates=(*RATES, "2026-03-12,EUR,1.25,ecb"))
    assert ledger.run() == [day(2)]
    assert agreed(ledger) == [370, 370, 400]


def test_a_rule_of_counting_that_changes_prices_its_days_again(ledger):
    step = rule(unit="input", min_quantity="1000", effective_from="2026-03-12T00:00:00Z")
    seeds(ledger, rules=(step,))
    assert ledger.run() == [day(2)]
    assert [cost * 1_000_000 for cost in daily(ledger).values()] == [450, 450, 3150]


def test_an_amount_that_the_provider_reported_is_never_overwritten(tmp_path):
    made = Ledger(tmp_path / "home", seed_texts(INPUT, OUTPUT))
    land_days(made, 0, tenant="t", reported_cost="0.0007", reported_cost_currency="USD")
    for prices, factor in (((INPUT, OUTPUT), "0.9"), ((price("input", "6"), OUTPUT), "0.5")):
        seeds(made, *prices, adjustments=(line("deal", "discount", factor, "tenant=t"),))
        made.run()
        [row] = made.published_rows(
            "select list_cost_usd, contracted_cost_usd, reported_cost_usd from marts.calls"
        )
        assert row["reported_cost_usd"] == Decimal("0.0007")
        assert row["contracted_cost_usd"] == row["list_cost_usd"] * Decimal(factor)
