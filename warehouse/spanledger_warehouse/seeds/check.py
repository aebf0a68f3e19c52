"""The gate: what a change of the seeds must pass before it is merged (`spanledger prices check`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from spanledger_warehouse.seeds.append_only import check_append_only
from spanledger_warehouse.seeds.canonical import canonical_decimal
from spanledger_warehouse.seeds.catalogue import Catalogue, parse
from spanledger_warehouse.seeds.evidence_rules import check_evidence_hosts
from spanledger_warehouse.seeds.findings import Finding, error, warning
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.seeds.window_rules import check_calendars

_JUMP = 3
_OLDEST = datetime(2018, 1, 1, tzinfo=UTC)  # before it, nobody sold tokens
_FURTHEST = timedelta(days=3 * 366)
_CACHED_UNITS = ("cache_read",)


def check(source: SeedFiles, base: str | None = None, *, today: date | None = None) -> list[Finding]:
    """All that is wrong with the seeds, by file and line.

    Args:
        source: the seeds, from `read_seeds`.
        base: the branch that the change will be merged into; its lines must all be there.
        today: the day to judge dates by; the clock's, in UTC, where not given.
    """
    catalogue = parse(source)
    findings = [
        *catalogue.findings,
        *check_dates(catalogue.prices, today or datetime.now(UTC).date()),
        *check_jumps(catalogue),
        *check_plausible(catalogue),
        *check_evidence_hosts(catalogue),
        *check_calendars(catalogue.windows, catalogue.holidays, today or datetime.now(UTC).date()),
        *check_append_only(source, base),
    ]
    return sorted(findings, key=lambda finding: (finding.file, finding.line, finding.rule))


def check_dates(prices: Iterable[PriceRow], today: date) -> Iterator[Finding]:
    """Evidence is read before it is committed, and no price begins in another age."""
    latest = datetime.combine(today, datetime.min.time(), UTC) + _FURTHEST
    for row in prices:
        if row.evidence_date > today:
            message = f"evidence_date {row.evidence_date} is after today, {today}"
            yield error(row.file, row.line, "date", message, "give the day on which the price was read")
        if not _OLDEST <= row.effective_from <= latest:
            message = f"effective_from {row.effective_from:%Y-%m-%d} is implausible"
            yield error(row.file, row.line, "date", message, "check the year")


def check_jumps(catalogue: Catalogue) -> Iterator[Finding]:
    """A price that moves to more than three times or less than a third says why."""
    series: dict[object, list[PriceRow]] = defaultdict(list)
    for row in catalogue.in_force:
        series[row.series].append(row)
    steps = [
        step
        for rows in series.values()
        for step in pairwise(sorted(rows, key=lambda row: row.effective_from))
    ]
    by_id = {row.price_id: row for row in catalogue.prices}
    steps += [(by_id[row.supersedes], row) for row in catalogue.prices if row.supersedes in by_id]
    for old, new in steps:
        low, high = sorted((old.price, new.price))
        if high > _JUMP * low and not new.note:
            before, after = canonical_decimal(old.price), canonical_decimal(new.price)
            message = f"{new.in_words()} jumps from {before} to {after} without a word"
            fix = "say in the note why it moves so far, or correct the price (is `per` right?)"
            yield error(new.file, new.line, "jump", message, fix)


def check_plausible(catalogue: Catalogue) -> Iterator[Finding]:
    """Output costs at least what input costs, and cached input at most; else somebody should look again."""
    offers: dict[object, dict[str, PriceRow]] = defaultdict(dict)
    for row in catalogue.in_force:
        offer = (*row.series[:2], *row.series[3:], row.effective_from)
        offers[offer][row.unit] = row
    for units in offers.values():
        base = units.get("input")
        if base is None:
            continue
        output = units.get("output")
        if output is not None and 0 < output.price < base.price:
            message = f"{output.in_words()} costs {output.price}, less than the input at {base.price}"
            yield warning(
                output.file, output.line, "plausible", message, "check that the two are not swapped"
            )
        for cached in (units[unit] for unit in _CACHED_UNITS if unit in units):
            if cached.price > base.price:
                message = f"{cached.in_words()} costs {cached.price}, more than the input at {base.price}"
                yield warning(cached.file, cached.line, "plausible", message, "check the cached price")
