"""An independent pricer in plain Python: what a call costs, by the words of pricing_seeds/README.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

TWELVE_PLACES = Decimal("1E-12")
FALLBACK = {"reasoning": "output", "input_image": "input"}


@dataclass(frozen=True)
class Price:
    """A price a million tokens of one unit."""

    model: str
    unit: str
    amount: str
    starts: datetime
    context: str = "standard"
    tier_above: int = 0


def unit_price(
    prices: list[Price], unit: str, model: str, context: str, at: datetime, inputs: int
) -> Decimal | None:
    """The price of one token: the newest of the highest tier that the request is above; else its fallback's."""
    held: dict[int, Price] = {}
    for price in sorted(prices, key=lambda price: price.starts):
        wanted = (price.model, price.unit, price.context) == (model, unit, context)
        if wanted and price.starts <= at and (price.tier_above == 0 or inputs > price.tier_above):
            held[price.tier_above] = price
    if held:
        return Decimal(held[max(held)].amount) / 1_000_000
    if unit in FALLBACK:
        return unit_price(prices, FALLBACK[unit], model, context, at, inputs)
    return None


def list_cost(
    prices: list[Price], units: dict[str, int], model: str, context: str, at: datetime, inputs: int
) -> Decimal | None:
    """The sum of the lines, each rounded once; None where no unit has a price."""
    known = []
    for unit, quantity in units.items():
        price = unit_price(prices, unit, model, context, at, inputs) if quantity else None
        if price is not None:
            known.append((quantity * price).quantize(TWELVE_PLACES, rounding=ROUND_HALF_EVEN))
    return sum(known, Decimal(0)) if known else None
