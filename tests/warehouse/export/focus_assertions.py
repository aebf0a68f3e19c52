"""What the official validator of FOCUS does not look at; each returns the faults that it finds in a file's rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal

Row = dict[str, str]

# A cost is a sum of lines, each rounded once to twelve places.
ROUNDING = Decimal("5e-13")
INSTANTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NUMBERS = (
    *("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingQuantity", "ConsumedQuantity"),
    *("ListUnitPrice", "ContractedUnitPrice"),
)


def costs_are_price_times_quantity(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row["ChargeClass"] == "Correction":
            continue
        allowed = ROUNDING * int(row["x_Calls"])
        for kind in ("List", "Contracted"):
            if not row[f"{kind}UnitPrice"]:
                continue
            product = Decimal(row[f"{kind}UnitPrice"]) * Decimal(row["PricingQuantity"])
            if abs(product - Decimal(row[f"{kind}Cost"])) > allowed:
                yield f"{kind}Cost {row[f'{kind}Cost']} is not {product}"


def instants_are_utc_and_in_order(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        for name in INSTANTS:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[name]):
                yield f"{name} {row[name]}"
                return
        start, end = (datetime.fromisoformat(row[f"ChargePeriod{edge}"]) for edge in ("Start", "End"))
        first, last = (datetime.fromisoformat(row[f"BillingPeriod{edge}"]) for edge in ("Start", "End"))
        if not first <= start < end <= last:
            yield f"charge {start} to {end} is not in {first} to {last}"


def objects_are_flat_and_named(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        for name in ("Tags", "SkuPriceDetails"):
            for key, value in json.loads(row[name] or "{}").items():
                if isinstance(value, dict | list):
                    yield f"{name}.{key} is nested"
                if name == "SkuPriceDetails" and not key.startswith("x_"):
                    yield f"{name}.{key} has no prefix"


def units_are_spelt_as_the_specification_says(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if not re.fullmatch(r"[A-Z][a-z]+", row["ConsumedUnit"]):
            yield f"ConsumedUnit {row['ConsumedUnit']}"
        if not re.fullmatch(r"(\d+ )?[A-Z][a-z]+", row["PricingUnit"]):
            yield f"PricingUnit {row['PricingUnit']}"


def columns_of_our_own_are_marked(columns: list[str], specified: list[str]) -> Iterator[str]:
    yield from (name for name in columns if name not in specified and not name.startswith("x_"))


def numbers_are_plain(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        for name in NUMBERS:
            if row[name] and not re.fullmatch(r"-?\d+\.\d+", row[name]):
                yield f"{name} {row[name]}"


def texts_have_no_space_around_them(rows: list[Row]) -> Iterator[str]:
    yield from (f"{name} '{value}'" for row in rows for name, value in row.items() if value != value.strip())


def no_charge_stands_twice(rows: list[Row]) -> Iterator[str]:
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        if (key := tuple(row.values())) in seen:
            yield f"twice: {key}"
        seen.add(key)


ASSERTIONS: tuple[Callable[[list[Row]], Iterator[str]], ...] = (
    costs_are_price_times_quantity,
    instants_are_utc_and_in_order,
    objects_are_flat_and_named,
    units_are_spelt_as_the_specification_says,
    numbers_are_plain,
    texts_have_no_space_around_them,
    no_charge_stands_twice,
)
