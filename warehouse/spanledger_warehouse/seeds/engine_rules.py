"""What must hold for adjustments, defaults and exchange rates: nothing ambiguous, nothing that never applies."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import Adjustment, DefaultPrice, FxRate, PriceRow, Unit
from spanledger_warehouse.seeds.table_rules import overlap

_SCOPE = ("tenant", "provider", "model", "unit", "context", "region")
_DAY = timedelta(days=1)


def check_adjustments(
    adjustments: Sequence[Adjustment], units: Sequence[Unit], prices: Sequence[PriceRow]
) -> Iterator[Finding]:
    """Every adjustment says one thing, and no two say different things of one price."""
    per = {unit.unit: unit.per for unit in units}
    providers = {row.provider for row in prices}
    for row in adjustments:
        for problem, fix in _problems(row, per, providers):
            yield error(row.file, row.line, "adjustment", problem, fix)
    for uplifts in (True, False):
        yield from _check_conflicts([row for row in adjustments if (row.kind == "uplift") is uplifts])


def _problems(row: Adjustment, per: dict[str, int], providers: set[str]) -> Iterator[tuple[str, str]]:
    if row.kind == "override":
        if row.price is None or row.per is None or not row.unit or row.factor is not None:
            yield "an override needs unit, price and per, and no factor", "fill them in"
        elif not row.currency:
            yield "an override in no currency", "name the currency of the price"
        elif per.get(row.unit) != row.per:
            yield f"per is {row.per}, but {row.unit} is priced per {per.get(row.unit)}", "use the unit's per"
    elif row.factor is None or row.price is not None:
        yield (
            f"a row of kind {row.kind} needs a factor, and no price",
            "1.1 is a tenth more, 0.9 a tenth less",
        )
    if row.kind == "uplift" and row.tenant:
        yield (
            "an uplift is part of the list price and cannot be for one tenant",
            "use a discount or an override",
        )
    if row.kind == "uplift" and not row.provider:
        yield "an uplift needs a provider", "name the provider whose prices it lifts"
    if row.unit and row.unit not in per:
        yield f"unknown unit {row.unit!r}", "use a unit of units.csv"
    if row.provider and row.provider not in providers:
        yield f"{row.provider!r} has no prices", "name a provider of prices/"
    if row.model and not row.provider:
        yield "a model without its provider", "name the provider too"
    if row.effective_to is not None and row.effective_to <= row.effective_from:
        yield "ends before it begins", "correct effective_from or effective_to"


def _check_conflicts(rows: Sequence[Adjustment]) -> Iterator[Finding]:
    """Two rows for one price are fine where one is narrower, or a third covers exactly what they share."""
    scopes = [{name: value for name in _SCOPE if (value := getattr(row, name))} for row in rows]
    for position, row in enumerate(rows):
        for other, earlier in enumerate(rows[:position]):
            mine, theirs = scopes[position], scopes[other]
            apart = any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())
            if apart or not overlap(row, earlier):
                continue
            if mine.keys() != theirs.keys() and (
                mine.keys() <= theirs.keys() or theirs.keys() <= mine.keys()
            ):
                continue
            both = {**mine, **theirs}
            if mine != theirs and any(
                scope == both and _covers(third, row, earlier)
                for third, scope in zip(rows, scopes, strict=True)
            ):
                continue
            message = (
                f"{row.adjustment} and {earlier.adjustment} in line {earlier.line} both fit the same prices"
            )
            fix = "end one where the other begins, or add a row with the columns of both that says what holds"
            yield error(row.file, row.line, "conflict", message, fix)


def _covers(third: Adjustment, one: Adjustment, other: Adjustment) -> bool:
    starts = max(one.effective_from, other.effective_from)
    ends = [end for end in (one.effective_to, other.effective_to) if end is not None]
    return third.effective_from <= starts and (
        third.effective_to is None or (bool(ends) and third.effective_to >= min(ends))
    )


def check_defaults(defaults: Sequence[DefaultPrice], units: Sequence[Unit]) -> Iterator[Finding]:
    """Defaults are prices of known units, one at a time."""
    per = {unit.unit: unit.per for unit in units}
    groups: dict[tuple[str, str], list[DefaultPrice]] = defaultdict(list)
    for row in defaults:
        if per.get(row.unit) != row.per:
            message = f"{row.unit} per {row.per} is no unit of units.csv"
            yield error(row.file, row.line, "per", message, "use a unit of units.csv and its per")
        for earlier in groups[row.provider, row.unit]:
            if overlap(row, earlier):
                message = f"overlaps the default in line {earlier.line}"
                yield error(row.file, row.line, "overlap", message, "end one where the other begins")
        groups[row.provider, row.unit].append(row)


def check_fx_rates(
    rates: Sequence[FxRate],
    prices: Sequence[PriceRow],
    defaults: Sequence[DefaultPrice],
    adjustments: Sequence[Adjustment],
) -> Iterator[Finding]:
    """One rate a currency and day, above zero, no day left out, and one for every currency in use."""
    days: dict[str, dict[object, FxRate]] = defaultdict(dict)
    for row in rates:
        first = days[row.currency].setdefault(row.date, row)
        if first is not row:
            message = f"{row.currency} of {row.date} is already in line {first.line}"
            yield error(row.file, row.line, "duplicate", message, "keep one of them")
        if row.usd_per_unit == 0 or row.currency == "USD":
            message = f"{row.currency} is worth {row.usd_per_unit} USD"
            yield error(row.file, row.line, "fx", message, "give what one unit is worth in USD")
    for currency, by_day in days.items():
        first_day = min(row.date for row in by_day.values())
        for row in by_day.values():
            if row.date != first_day and row.date - _DAY not in by_day:
                message = f"{currency} has no rate of {row.date - _DAY}"
                fix = "add a row for it; on a weekend with the rate of the last working day, and say so in source"
                yield error(row.file, row.line, "fx", message, fix)
    places: dict[str, tuple[str, int]] = {}
    for currency, place in (
        *((price.currency, (price.file, price.line)) for price in prices),
        *((default.currency, (default.file, default.line)) for default in defaults),
        *((row.currency, (row.file, row.line)) for row in adjustments if row.kind == "override"),
    ):
        places.setdefault(currency, place)
    for currency, (file, line) in places.items():
        if currency not in ("", "USD") and currency not in days:
            message = f"a price in {currency}, of which fx_rates.csv has no rate"
            yield error(file, line, "fx", message, "add its rates; do not convert the price by hand")
