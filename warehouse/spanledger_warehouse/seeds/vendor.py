"""An organisation's own rows over a release's catalogue: rows of `vendor/` count unless an own row takes their place.

An own price takes the place of a vendor's of the same key, and of one that supersedes what an own row supersedes.
"""

from collections.abc import Sequence
from typing import TypeVar

from spanledger_warehouse.seeds.rows import PriceRow, Row

VENDOR = "vendor/"
PRIVATE = "private/"
# What makes two rows of other files the same statement.
_KEYS = {
    "Adjustment": ("adjustment", "effective_from"),
    "Alias": ("provider", "pattern", "effective_from"),
    "DefaultPrice": ("provider", "unit", "effective_from"),
    "FxRate": ("date", "currency"),
    "Holiday": ("calendar", "date"),
    "PriceCheck": ("provider", "model", "checked_on"),
    "Rule": ("provider", "model", "unit", "effective_from"),
    "Unit": ("unit",),
    "Window": ("window", "effective_from"),
}
RowType = TypeVar("RowType", bound=Row)


def own_name(file: str) -> str:
    """The path that a file has in the repository it was taken from."""
    return file.removeprefix(VENDOR).removeprefix(PRIVATE)


def own_rows_win(rows: Sequence[RowType]) -> tuple[RowType, ...]:
    """The rows without those of `vendor/` whose place an own row takes."""
    own = [row for row in rows if not row.file.startswith(VENDOR)]
    if len(own) == len(rows) or not own:
        return tuple(rows)
    keys = {_key(row) for row in own}
    superseded = {row.supersedes for row in own if isinstance(row, PriceRow) and row.supersedes}
    return tuple(
        row for row in rows if not row.file.startswith(VENDOR) or not _is_replaced(row, keys, superseded)
    )


def _is_replaced(row: Row, keys: set[object], superseded: set[str]) -> bool:
    if isinstance(row, PriceRow):
        if row.price_id in superseded:  # an own row names it: it must stay to be named
            return False
        if row.supersedes and row.supersedes in superseded:
            return True
    return _key(row) in keys


def _key(row: Row) -> object:
    if isinstance(row, PriceRow):
        return row.key
    return tuple(getattr(row, name) for name in _KEYS.get(type(row).__name__, ("file", "line")))
