"""Typed reading of one CSV cell. A reader raises `ValueError` with words that fit behind a file and line."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_SIGNED = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"[0-9]+")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})")
_MAX_PLACES = 10
_MAX_WHOLE_DIGITS = 12


def read_decimal(cell: str) -> Decimal:
    """A plain decimal that is not negative, with at most 10 places and no exponent."""
    if not _DECIMAL.fullmatch(cell):
        raise ValueError(
            f"{cell!r} is not a plain decimal; write digits and at most one point, no sign or exponent"
        )
    whole, _, places = cell.partition(".")
    if len(places) > _MAX_PLACES:
        raise ValueError(
            f"{cell!r} has {len(places)} decimal places, more than {_MAX_PLACES}: so looks a binary float"
        )
    if len(whole) > _MAX_WHOLE_DIGITS:
        raise ValueError(f"{cell!r} has {len(whole)} digits before the point, more than {_MAX_WHOLE_DIGITS}")
    return Decimal(cell)


def read_signed(cell: str) -> Decimal:
    """A plain decimal that may be negative."""
    if not _SIGNED.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a plain decimal")
    value = read_decimal(cell.removeprefix("-"))
    return -value if cell.startswith("-") else value


def read_integer(cell: str) -> int:
    """A whole number that is not negative."""
    if not _INTEGER.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a whole number; write digits only")
    return int(cell)


def read_instant(cell: str) -> datetime:
    """An instant with its zone, in UTC."""
    if not _INSTANT.fullmatch(cell):
        raise ValueError(f"{cell!r} is not an instant with a zone; write it like 2026-08-21T00:00:00Z")
    return datetime.fromisoformat(cell).astimezone(UTC)


def read_date(cell: str) -> date:
    """A calendar date, `YYYY-MM-DD`."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
        raise ValueError(f"{cell!r} is not a date; write it like 2026-08-21")
    return date.fromisoformat(cell)


def read_month(cell: str) -> str:
    """A calendar month, `YYYY-MM`."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cell):
        raise ValueError(f"{cell!r} is not a month; write it like 2026-08")
    return cell


def read_clock(cell: str) -> time:
    """A time of day, `HH:MM` or `HH:MM:SS`."""
    if not re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", cell):
        raise ValueError(f"{cell!r} is not a time of day; write it like 16:30")
    return time.fromisoformat(cell)


def read_url(cell: str) -> str:
    """A web address."""
    if not re.fullmatch(r"https?://[^\s,\"]+\.[^\s,\"]+", cell):
        raise ValueError(f"{cell!r} is not a web address; write it like https://openai.com/api/pricing/")
    return cell


def read_currency(cell: str) -> str:
    """A currency code of ISO 4217, by its form."""
    if not re.fullmatch(r"[A-Z]{3}", cell):
        raise ValueError(f"{cell!r} is not a currency code of ISO 4217; write it like USD")
    return cell


def read_flag(cell: str) -> bool:
    """`true` or `false`."""
    if cell not in ("true", "false"):
        raise ValueError(f"{cell!r} is neither true nor false")
    return cell == "true"


def read_text(cell: str) -> str:
    """Any text of one line."""
    return cell


READERS: dict[str, Callable[[str], object]] = {
    "clock": read_clock,
    "currency": read_currency,
    "date": read_date,
    "decimal": read_decimal,
    "flag": read_flag,
    "instant": read_instant,
    "integer": read_integer,
    "month": read_month,
    "signed": read_signed,
    "text": read_text,
    "url": read_url,
}
