"""The identity of a price: a hash over what the row says, not over how it is spelled."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

PREFIX = "p1-"
# The order is part of the identity. Columns of later versions follow at the end; `note` never counts.
COLUMNS = (
    "provider",
    "model",
    "unit",
    "context",
    "region",
    "window",
    "tier_above",
    "effective_from",
    "price",
    "per",
    "currency",
    "effective_to",
    "change_kind",
    "supersedes",
    "evidence_url",
    "evidence_date",
    "basis",
)
DEFAULTS: Mapping[str, object] = {"context": "standard", "region": "global", "tier_above": 0}


def canonical_decimal(value: Decimal) -> str:
    """Digits without trailing zeros or exponent: 3.00 is `3`, 0E+2 is `0`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical_instant(value: datetime) -> str:
    """UTC to the second, with a fraction only where there is one."""
    utc = value.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return f"{utc:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def canonical_value(value: object) -> str:
    """One typed value as it enters the hash; an absent one is the empty string."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return canonical_decimal(value)
    if isinstance(value, datetime):
        return canonical_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def canonical_row(values: Mapping[str, object]) -> str:
    """The lines that are hashed: `column=value`, blank and default values left out, joined by line feeds."""
    lines = []
    for column in COLUMNS:
        value = values.get(column)
        text = canonical_value(value)
        if text and value != DEFAULTS.get(column):
            lines.append(f"{column}={text}")
    return "\n".join(lines)


def price_id(values: Mapping[str, object]) -> str:
    """The id of a price row: `p1-` and the first 20 hex digits of SHA-256 over its canonical row."""
    return PREFIX + hashlib.sha256(canonical_row(values).encode()).hexdigest()[:20]
