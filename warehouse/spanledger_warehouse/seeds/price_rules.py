"""What must hold among price rows: units, keys, superseding, intervals, and prices by tier and context."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import SUPERSEDING_KINDS, PriceRow, Unit
from spanledger_warehouse.seeds.vendor import own_name


def in_force(prices: Sequence[PriceRow]) -> tuple[PriceRow, ...]:
    """The rows that no other row supersedes; a withdrawal only takes out of force, it is no price itself."""
    superseded = {row.supersedes for row in prices if row.supersedes}
    return tuple(row for row in prices if row.price_id not in superseded and row.change_kind != "withdrawal")


def check_prices(prices: Sequence[PriceRow], units: Sequence[Unit]) -> list[Finding]:
    """Every defect that can be seen in the price rows themselves."""
    rows = in_force(prices)
    return [
        *_check_units(prices, units),
        *_check_provider_files(prices),
        *_check_superseding(prices),
        *_check_keys(rows),
        *_check_intervals(rows),
        *_check_contexts(rows),
    ]


def _check_units(prices: Iterable[PriceRow], units: Sequence[Unit]) -> Iterator[Finding]:
    per = {unit.unit: unit.per for unit in units}
    known = ", ".join(sorted(per))
    for row in prices:
        if row.unit not in per:
            message = f"unknown unit {row.unit!r}"
            yield error(
                row.file,
                row.line,
                "unknown-unit",
                message,
                f"use a unit of units.csv ({known}), or add it there",
            )
        elif row.per != per[row.unit]:
            message = f"per is {row.per}, but {row.unit} is priced per {per[row.unit]}"
            fix = f"write the price for {per[row.unit]} and per {per[row.unit]}"
            yield error(row.file, row.line, "per", message, fix)


def _check_provider_files(prices: Iterable[PriceRow]) -> Iterator[Finding]:
    for row in prices:
        if own_name(row.file) != f"prices/{row.provider}.csv":
            message = f"a price of {row.provider!r} in {row.file}"
            yield error(row.file, row.line, "provider-file", message, f"move it to prices/{row.provider}.csv")


def _check_superseding(prices: Sequence[PriceRow]) -> Iterator[Finding]:
    by_id = {row.price_id: row for row in prices}
    superseded_by: dict[str, PriceRow] = {}
    for row in prices:
        if row.change_kind in SUPERSEDING_KINDS and not row.supersedes:
            message = f"a row of kind {row.change_kind} must name the price it supersedes"
            fix = "put the price_id of that row into supersedes (`spanledger prices show` prints it)"
            yield error(row.file, row.line, "supersedes", message, fix)
        if not row.supersedes:
            continue
        old = by_id.get(row.supersedes)
        if old is None:
            message = f"supersedes {row.supersedes}, which is no price of these seeds"
            fix = "name a price_id that exists (`spanledger prices show` prints them)"
            yield error(row.file, row.line, "supersedes", message, fix)
        elif old.series != row.series or (row.change_kind != "correction" and old.key != row.key):
            message = f"supersedes {row.supersedes}, but is for {row.in_words()} and not {old.in_words()}"
            if old.series == row.series:
                message = f"supersedes {row.supersedes} of another effective_from"
            yield error(row.file, row.line, "supersedes", message, f"repeat the key of {old.place}")
        if row.supersedes in superseded_by:
            first = superseded_by[row.supersedes]
            message = f"supersedes {row.supersedes}, as {first.place} already does"
            yield error(row.file, row.line, "supersedes", message, f"supersede {first.price_id} instead")
        superseded_by.setdefault(row.supersedes, row)
        if row.change_kind == "end" and row.effective_to is None:
            message = "a row that ends a price has no effective_to"
            yield error(
                row.file, row.line, "end", message, "give the first instant at which it holds no more"
            )


def _check_keys(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    seen: dict[object, PriceRow] = {}
    for row in rows:
        first = seen.setdefault(row.key, row)
        if first is not row:
            same = first.price_id == row.price_id
            verb = "repeats" if same else "contradicts"
            message = f"{verb} {first.place}: {row.in_words()} from the same instant"
            fix = "remove the new row" if same else f"make it a correction that supersedes {first.price_id}"
            yield error(row.file, row.line, "duplicate", message, fix)


def _check_intervals(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    for series in _by_series(rows).values():
        for row, following in pairwise(sorted(series, key=lambda row: row.effective_from)):
            if row.effective_to is not None and row.effective_to > following.effective_from:
                message = f"ends at {row.effective_to:%Y-%m-%dT%H:%M:%SZ}, after {following.place} begins"
                fix = "end it where the next price begins, or leave effective_to blank"
                yield error(row.file, row.line, "overlap", message, fix)
    for row in rows:
        if row.effective_to is not None and row.effective_to <= row.effective_from:
            message = "ends before it begins"
            yield error(row.file, row.line, "interval", message, "correct effective_from or effective_to")


def _check_contexts(rows: Sequence[PriceRow]) -> Iterator[Finding]:
    """A context prices all units and tiers of the standard one: to fall back to either would be a guess."""
    offers: dict[tuple[str, str, str, str], dict[str, list[PriceRow]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in rows:
        offers[row.provider, row.model, row.region, row.window][row.context].append(row)
    for contexts in offers.values():
        for context, priced in contexts.items():
            if context == "standard":
                continue
            first = min(priced, key=lambda row: row.effective_from)
            known = {(row.unit, row.tier_above) for row in priced}
            needed = {
                (row.unit, row.tier_above)
                for row in contexts.get("standard", ())
                if row.effective_to is None or row.effective_to > first.effective_from
            }
            for unit, tier in sorted(needed - known):
                above = f" above {tier} tokens" if tier else ""
                message = (
                    f"{first.model} has a standard price of {unit}{above}, but none in context {context}"
                )
                fix = f"add the {context} row, at the standard price where it is the same"
                yield error(first.file, first.line, "context", message, fix)


def _by_series(rows: Iterable[PriceRow]) -> dict[object, list[PriceRow]]:
    series: dict[object, list[PriceRow]] = defaultdict(list)
    for row in rows:
        series[row.series].append(row)
    return series
