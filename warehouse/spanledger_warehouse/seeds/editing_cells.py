"""What a price line is made of: which price, how much, on what grounds; and how its cells are spelled."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.cells import read_decimal, read_instant
from spanledger_warehouse.seeds.editing_lines import HEADER
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.rows import PriceRow


@dataclass(frozen=True, slots=True)
class Offer:
    """Which of a model's prices: `provider` may be blank where one provider alone prices the model."""

    model: str
    provider: str = ""
    region: str = "global"
    window: str = ""
    tier_above: int = 0


@dataclass(frozen=True, slots=True)
class Stated:
    """On what grounds: where the price is stated, when it was read there, how it is known, and a note."""

    evidence_url: str
    evidence_date: dt.date
    basis: str = "documented"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """A price for one unit in one context."""

    unit: str
    price: str
    context: str = "standard"


def instant(text: str) -> dt.datetime:
    """`2026-12-01` (the start of that day, UTC) or an instant with its zone.

    Raises:
        SeedError: it is neither.
    """
    try:
        return read_instant(f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text)
    except ValueError as problem:
        raise SeedError(f"{problem}, or only the day, 2026-08-21, for its start in UTC") from problem


def new_cells(
    catalogue: Catalogue, offer: Offer, amount: Amount, stated: Stated, per: int | None
) -> dict[str, str]:
    """The cells of a new price, all but its instant, currency and kind.

    Raises:
        SeedError: the unit is unknown, the price is no decimal, or is for another number of units.
    """
    units = {unit.unit: unit for unit in catalogue.units}
    unit = units.get(amount.unit)
    if unit is None:
        raise SeedError(f"unknown unit {amount.unit!r}; units.csv has {', '.join(units)}")
    price = spell_price(amount.price)
    if per is not None and per != unit.per:
        raise SeedError(
            f"{unit.unit} is priced per {unit.per} and not per {per}: that is "
            f"{canonical_decimal(Decimal(price) * unit.per / per)} per {unit.per}"
        )
    return {
        "provider": offer.provider,
        "model": offer.model,
        "unit": unit.unit,
        "context": amount.context,
        "region": offer.region,
        "window": offer.window,
        "tier_above": str(offer.tier_above),
        "price": price,
        "per": str(unit.per),
        "effective_to": "",
        "supersedes": "",
        **grounds(stated),
    }


def grounds(stated: Stated) -> dict[str, str]:
    """The cells that say why."""
    return {
        "evidence_url": stated.evidence_url,
        "evidence_date": stated.evidence_date.isoformat(),
        "basis": stated.basis,
        "note": " ".join(stated.note.split()),
    }


def cells_of(row: PriceRow) -> dict[str, str]:
    """A row as the cells of a new line that repeats it."""
    values = {column: getattr(row, column) for column in HEADER}
    cells = {column: "" if value is None else str(value) for column, value in values.items()}
    instants = {
        column: canonical_instant(value) for column, value in values.items() if isinstance(value, dt.datetime)
    }
    return cells | instants | {"price": spell_price(f"{row.price:f}")}


def spell_price(text: str) -> str:
    """A price with at least two decimal places, as in the files."""
    try:
        whole, _, places = canonical_decimal(read_decimal(text)).partition(".")
    except ValueError as problem:
        raise SeedError(f"the price {problem}") from problem
    return f"{whole}.{places:0<2}"
