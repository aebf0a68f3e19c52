"""What the engine's own tables take from the seeds: windows, exchange rates, adjustments and defaults."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.rows import Adjustment, DefaultPrice
from spanledger_warehouse.seeds.window_rules import weekdays_of

DEFAULT_MODEL = "(default)"
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_LAST_PLACE = Decimal("1e-16")
_SCOPE = ("tenant", "provider", "model", "unit", "context", "region")


def engine_tables(catalogue: Catalogue) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tables that only pricing reads, by table."""
    return {
        "pricing.windows": list(_windows(catalogue)),
        "pricing.fx_rates": [
            {
                "date": rate.date,
                "currency": rate.currency,
                "usd_per_unit": rate.usd_per_unit,
                "source": rate.source,
                "file": rate.file,
                "seed_line": rate.line,
            }
            for rate in catalogue.fx_rates
        ],
        "pricing.adjustments": [_adjustment(row) for row in catalogue.adjustments],
    }


def default_prices(catalogue: Catalogue) -> Iterable[dict[str, Any]]:
    """The operator's defaults as rows of pricing.prices, of a model that no call can name."""
    for row in catalogue.defaults:
        starts, ends = row.effective_from, row.effective_to or _LAST
        yield {
            "price_id": _default_id(row),
            "provider": row.provider,
            "model": DEFAULT_MODEL,
            "unit": row.unit,
            "context": "standard",
            "region": "global",
            "price_window": "",
            "tier_above": 0,
            "effective_from": starts,
            "price": row.price,
            "per": row.per,
            "currency": row.currency,
            "effective_to": row.effective_to,
            "change_kind": "default",
            "note": row.note,
            "unit_price": _unit_price(row.price, row.per),
            "in_force": True,
            "valid_from": starts,
            "valid_to": ends,
            "file": row.file,
            "seed_line": row.line,
        }


def _default_id(row: DefaultPrice) -> str:
    said = (row.provider, row.unit, row.effective_from, row.effective_to, row.price.normalize(), row.currency)
    return "d1-" + hashlib.sha256("\n".join(str(value) for value in said).encode()).hexdigest()[:20]


def _unit_price(price: Decimal, per: int) -> Decimal:
    return _EXACT.quantize(_EXACT.divide(price, Decimal(per)), _LAST_PLACE)


def _windows(catalogue: Catalogue) -> Iterable[dict[str, Any]]:
    holidays: dict[str, list[str]] = defaultdict(list)
    for day in catalogue.holidays:
        holidays[day.calendar].append(day.date.isoformat())
    for row in catalogue.windows:
        days = " ".join(str(day) for day in weekdays_of(row.weekdays))
        off = " ".join(sorted(holidays[row.calendar])) if row.calendar else ""
        last = max(holidays[row.calendar], default="") if row.calendar else ""
        since, until = row.effective_from or _FIRST, row.effective_to or _LAST
        yield {
            "price_window": row.window,
            "provider": row.provider,
            "time_zone": row.time_zone,
            "weekdays": days,
            "starts": row.starts,
            "ends": row.ends,
            "holidays": off,
            "calendar_ends": date(int(last[:4]), 12, 31) if last else None,
            "definition": f"{row.window} {days} {row.starts}-{row.ends} {row.time_zone} {since} {until} not {off}",
            "valid_from": since,
            "valid_to": until,
        }


def _adjustment(row: Adjustment) -> dict[str, Any]:
    scope = {name: getattr(row, name) or None for name in _SCOPE}
    return {
        **scope,
        "adjustment": row.adjustment,
        "kind": row.kind,
        "valid_from": row.effective_from,
        "valid_to": row.effective_to or _LAST,
        "factor": row.factor,
        "override_price": _unit_price(row.price, row.per) if row.price is not None and row.per else None,
        "currency": row.currency or None,
        "reference": row.reference or None,
        "specificity": sum(value is not None for value in scope.values()),
        "file": row.file,
        "seed_line": row.line,
    }
