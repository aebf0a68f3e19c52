"""Which prices differ between two catalogues, and when: the step functions of every series, compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from spanledger_warehouse.seeds.catalogue import Catalogue

Model = tuple[str, str]
Interval = tuple[datetime, datetime]
_Steps = list[tuple[datetime, datetime, tuple[Decimal, str]]]
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)
# Files whose changes are found by price or by name, or that move no money.
_HARMLESS = ("model_aliases.csv", "tenants.csv", "budgets.csv", "periods.csv", "allowed_signers")


def changed_models(base: Catalogue, head: Catalogue) -> dict[Model, list[Interval]]:
    """The time in which any price of a model differs, by provider and model."""
    old, new = _steps(base), _steps(head)
    found: dict[Model, list[Interval]] = defaultdict(list)
    for series in old.keys() | new.keys():
        provider, model = series[0], series[1]
        found[provider, model] += _differing(old.get(series, []), new.get(series, []))
    return {model: merge(intervals) for model, intervals in found.items() if intervals}


def touches_everything(base: Catalogue, head: Catalogue) -> tuple[str, ...]:
    """Files whose change may move any price: units, counting rules, uplifts, contracts, rates, windows, calendars."""
    names = {*base.source.files, *head.source.files}
    return tuple(
        name
        for name in sorted(names)
        if name.endswith(".csv")
        and "prices/" not in name
        and not name.endswith(_HARMLESS)
        and base.source.files.get(name) != head.source.files.get(name)
    )


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as disjoint intervals, in order."""
    merged: list[Interval] = []
    for starts, ends in sorted(intervals):
        if merged and starts <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((starts, ends))
    return merged


def _steps(catalogue: Catalogue) -> dict[tuple[str, ...], _Steps]:
    steps: dict[tuple[str, ...], _Steps] = defaultdict(list)
    for period in catalogue.price_periods():
        row = period.row
        series = tuple(map(str, row.series))
        steps[series].append((period.starts, period.ends or LAST, (row.unit_price, row.currency)))
    return steps


def _differing(old: _Steps, new: _Steps) -> Iterator[Interval]:
    if old == new:
        return
    cuts = sorted({instant for starts, ends, _ in (*old, *new) for instant in (starts, ends)})
    for starts, ends in pairwise(cuts):
        if _at(old, starts) != _at(new, starts):
            yield starts, ends


def _at(steps: _Steps, instant: datetime) -> tuple[Decimal, str] | None:
    return next((price for starts, ends, price in steps if starts <= instant < ends), None)
