"""What a price table of somebody else says, in the words of the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One price as a table states it: so much for `per` units, since `starts` (None: the table does not say)."""

    provider: str
    model: str
    unit: str
    price: Decimal
    per: int
    evidence_url: str
    context: str = "standard"
    tier_above: int = 0
    starts: datetime | None = None
    basis: str = "third_party"
    cites: str = ""  # the page that the table itself names


@dataclass(slots=True)
class PriceTable:
    """All facts of a table that the seeds can hold, and how often it said something else."""

    facts: list[Fact] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: Any) -> Decimal | None:
    """A number that is no flag and not negative (-1 stands for "it depends" in some tables); else None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    decimal = Decimal(value)
    return decimal if decimal >= 0 else None
