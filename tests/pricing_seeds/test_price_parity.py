"""Amounts on which independent price engines agree come out of the seeds exactly, by a second, plain pricer.

The fixture is a sample of a public corpus. The plain pricer and the ledger's own SQL are independent of each other.
"""

import csv
import datetime as dt
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from spanledger_warehouse.price_file import price_file
from spanledger_warehouse.seeds import resolve

FIXTURE = Path(__file__).parent / "fixtures" / "price_parity.csv"


class ReferencePricer:
    """Prices one call at a time, straight from the rows."""

    def __init__(self, catalogue):
        self.units = {unit.unit: unit for unit in catalogue.units}
        self.aliases = catalogue.aliases
        self.inclusive = {rule.provider for rule in catalogue.rules if rule.tier_comparison == ">="}
        self.periods = defaultdict(list)
        for period in catalogue.price_periods():
            self.periods[period.row.provider, period.row.model].append(period)

    def cost(self, provider, model, at, context, usage):
        """The exact cost; `usage` is by usage column, inclusive as in `spanledger price`."""
        name = resolve(provider, model, at, self.periods, self.aliases)
        assert name is not None, f"no model {provider} {model}"
        prices = self.prices(name, at, context, usage["input_tokens"])
        cost = Decimal(0)
        for unit, quantity in self.disjoint(usage).items():
            paid_as = unit if unit in prices else self.units[unit].fallback_unit
            assert paid_as in prices, f"no price of {unit} for {name} in context {context}"
            cost += quantity * prices[paid_as]
        return cost

    def disjoint(self, usage):
        """Inclusive columns → disjoint units."""
        columns = {name: unit.usage_column for name, unit in self.units.items() if unit.usage_column}
        inclusive = {name: usage.get(column, 0) for name, column in columns.items()}
        quantities = dict(inclusive)
        for name, quantity in inclusive.items():
            if self.units[name].parent:
                quantities[self.units[name].parent] -= quantity
        assert min(quantities.values()) >= 0
        return {name: quantity for name, quantity in quantities.items() if quantity}

    def prices(self, name, at, context, total_input):
        """The unit prices in force: of each unit, the highest tier that the total input is above."""
        rows = [period.row for period in self.periods[name] if period.holds_at(at)]
        reached = [row for row in rows if self.reaches(name[0], total_input, row.tier_above)]
        ours = [row for row in reached if (row.context, row.region) == (context, "global")]
        return {row.unit: row.unit_price for row in sorted(ours, key=lambda row: row.tier_above)}

    def reaches(self, provider, total_input, tier_above):
        """Whether a request is in a tier, by the provider's own comparison."""
        return (
            tier_above == 0
            or total_input > tier_above
            or (total_input == tier_above and provider in self.inclusive)
        )


@pytest.fixture(scope="module")
def pricer(shipped):
    """The pricer over the shipped seeds."""
    return ReferencePricer(shipped)


with FIXTURE.open(encoding="utf-8", newline="") as opened:
    ROWS = list(csv.DictReader(opened))


def test_the_sample_is_whole():
    assert len(ROWS) == 983
    assert len({row["provider"] for row in ROWS}) == 20


@pytest.mark.parametrize("provider", sorted({row["provider"] for row in ROWS}))
def test_every_agreed_amount_is_met_exactly(pricer, provider):
    missed = []
    for row in (row for row in ROWS if row["provider"] == provider):
        usage = {
            name: int(cell)
            for name, cell in row.items()
            if name.endswith("_tokens") or name == "web_searches"
        }
        instant = dt.datetime.fromisoformat(row["timestamp"])
        cost = pricer.cost(provider, row["model"], instant, row["mode"], usage)
        if cost != Decimal(row["expected_usd"]):
            missed.append((row["model"], row["vector"], row["expected_usd"], cost))
    assert missed == []


def test_the_engine_meets_every_agreed_amount(shipped, tmp_path):
    usage = tmp_path / "usage.csv"
    text = FIXTURE.read_text(encoding="utf-8")
    usage.write_text(text.replace(",mode,", ",context,", 1), encoding="utf-8")
    priced = price_file(usage, tmp_path / "priced.csv", shipped)
    with (tmp_path / "priced.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    missed = [
        (row["provider"], row["model"], row["vector"], row["list_cost_usd"], row["expected_usd"])
        for row in rows
        if Decimal(row["list_cost_usd"] or -1) != Decimal(row["expected_usd"])
    ]
    assert missed == []
    assert priced.statuses == {"priced": 983}
