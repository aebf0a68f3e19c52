"""What follows from sums: rates, averages and bounds, exact and by the rules of `marts.daily_costs`."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

Record = dict[str, Any]

_EXACT = Context(prec=60)
_INNER = ("duration_ms", "place", "rows_in_all")
_INCOMPLETE = ("unpriced_calls", "partially_priced_calls", "usage_missing_calls", "usage_partial_calls")


def derived(sums: Record) -> Record:
    """Sums with what follows from them; what has nothing to be a share of is None, not zero."""
    calls, cost, listed = sums["calls"], sums["contracted_cost_usd"], sums["list_cost_usd"]
    costed = calls - sums["unpriced_calls"] - sums["usage_missing_calls"]
    priced, unpriced = sums["priced_tokens"], sums["unpriced_tokens"]
    incomplete = sum(sums[name] for name in _INCOMPLETE)
    low = Decimal("0.000000000000") if listed is None else listed
    kept = {name: value for name, value in sums.items() if name not in _INNER}
    return kept | {
        "success_rate": _share(calls - sums["failed_calls"], calls, "0.0001"),
        "avg_input_tokens": _average(sums["input_tokens"], calls),
        "avg_output_tokens": _average(sums["output_tokens"], calls),
        "avg_duration_ms": _average(sums["duration_ms"], calls),
        "avg_cost_usd": _average_cost(cost, costed),
        "incomplete_calls": incomplete,
        "coverage_pct": _share(100 * priced, priced + unpriced, "0.01"),
        "cost_low_usd": low,
        "cost_high_usd": None if incomplete else low,
    }


def _share(part: int, whole: int, step: str) -> Decimal | None:
    if not whole:
        return None
    return _EXACT.divide(Decimal(part), Decimal(whole)).quantize(Decimal(step), ROUND_DOWN, _EXACT)


def _average(total: int | None, count: int) -> int | None:
    return None if total is None or not count else total // count


def _average_cost(cost: Decimal | None, count: int) -> Decimal | None:
    """Rounded once, half up, to nine places; written with twelve like every amount."""
    if cost is None or not count:
        return None
    rounded = _EXACT.divide(cost, Decimal(count)).quantize(Decimal("1e-9"), ROUND_HALF_UP, _EXACT)
    return rounded.quantize(Decimal("1e-12"), context=_EXACT)
