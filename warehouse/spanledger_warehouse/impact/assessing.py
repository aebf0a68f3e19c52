"""Prices the touched calls twice, with the seeds before and after, in a database of its own that nobody keeps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare, sql_text
from spanledger_warehouse.impact.touched import (
    FIRST,
    LAST,
    Interval,
    changed_models,
    merge,
    touches_everything,
)
from spanledger_warehouse.impact.usage import Usage
from spanledger_warehouse.models import discover
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds.catalogue import Catalogue

PROJECTED_DAYS = 30
PAST, PROJECTED = "past", "projected"
_IDS_DAY = date(2000, 1, 1)
_PRICED = "ledger.call_costs"


@dataclass(frozen=True, slots=True)
class Moved:
    """Dollars that move for one tenant, day, model and operation."""

    kind: str  # past or projected
    tenant_id: str
    day: date
    provider: str
    model: str
    operation: str
    calls: int
    before_usd: Decimal
    after_usd: Decimal
    newly_priced: int  # calls that had no full price and get one
    no_longer_priced: int

    @property
    def moved_usd(self) -> Decimal:
        """After less before; what had no price counts as nothing before."""
        return self.after_usd - self.before_usd


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change moves. Empty `moved`: not a cent."""

    base_commit: str
    head_commit: str
    first_day: date | None  # of the usage
    last_day: date | None
    touched_calls: int
    moved: tuple[Moved, ...]
    closed_months: tuple[str, ...]  # closed months that the change reaches back into
    touches_everything: tuple[str, ...]  # files because of which every call was priced again

    def of(self, kind: str) -> tuple[Moved, ...]:
        """The rows of the past, or the projected ones."""
        return tuple(row for row in self.moved if row.kind == kind)

    def total(self, kind: str) -> Decimal:
        """Dollars moved, exactly."""
        return sum((row.moved_usd for row in self.of(kind)), Decimal(0))


def assess(base: Catalogue, head: Catalogue, usage: Usage, *, projected_days: int = PROJECTED_DAYS) -> Impact:
    """Price what the change touches, before and after.

    Args:
        base: the seeds without the change; must have passed `require()`.
        head: the seeds with it; must have passed `require()`.
        usage: where the calls are.
        projected_days: for prices that reach beyond the usage: its last so many days are applied from then on.

    Raises:
        SpanledgerError: the usage cannot be read.
    """
    everything = touches_everything(base, head)
    with duckdb.connect() as scratch:
        _prepare(scratch)
        usage.offer(scratch)
        bounds = scratch.execute("select min(day), max(day) from usage").fetchone() or (None, None)
        first_day, last_day = bounds
        touched = _touched(scratch, base, head, everything=bool(everything)) if last_day else {}
        _copy_touched(scratch, touched, projected_days)
        usage.release(scratch)
        rows, touched_calls = _compare(scratch, base, head)
    moved = tuple(rows)
    months = {f"{row.day:%Y-%m}" for row in moved if row.kind == PAST}
    closed = tuple(sorted(months & {period.month for period in head.periods}))
    return Impact(
        base.source.commit, head.source.commit, first_day, last_day, touched_calls, moved, closed, everything
    )


def _prepare(scratch: duckdb.DuckDBPyConnection) -> None:
    """All tables of the ledger in their real shape, empty."""
    prepare(scratch)
    create_loaded(scratch)
    for model in discover().values():
        if model.schema == "staging" and not model.is_loaded:
            build(scratch, model, [])


def _touched(
    scratch: duckdb.DuckDBPyConnection, base: Catalogue, head: Catalogue, *, everything: bool
) -> dict[tuple[str, ...], list[Interval]]:
    """For each model id in use, the time in which its price differs, or what it resolves to."""
    scratch.execute(
        "create table ids as select distinct provider, model_id, pricing_context, pricing_region from usage"
    )
    if everything:
        ids = scratch.execute("from ids").fetchall()
        return {tuple(key): [(FIRST, LAST)] for key in ids}
    for name, catalogue in (("base", base), ("head", head)):
        _load(scratch, catalogue)
        scratch.execute("delete from staging.stg_calls")
        scratch.execute(
            "insert into staging.stg_calls by name select *, 'billable' as disposition, 0 as part, "
            "cast(row_number() over () as varchar) as call_id, ? as day, cast(? as timestamp) as billed_at from ids",
            [_IDS_DAY, _IDS_DAY],
        )
        build(scratch, discover()["pricing.model_matches"], [_IDS_DAY])
        scratch.execute(f"create table matches_{name} as from pricing.model_matches")
    scratch.execute("delete from staging.stg_calls")
    scratch.execute(
        "create table changed (provider varchar, model varchar, starts timestamp, ends timestamp)"
    )
    changes = [
        (*model, _naive(starts), _naive(ends))
        for model, intervals in changed_models(base, head).items()
        for starts, ends in intervals
    ]
    if changes:
        scratch.executemany("insert into changed values (?, ?, ?, ?)", changes)
    found: dict[tuple[str, ...], list[Interval]] = defaultdict(list)
    for *key, starts, ends in scratch.execute(sql_text("impact", "touched_ids")).fetchall():
        found[tuple(key)].append((starts, ends))
    return {key: merge(intervals) for key, intervals in found.items()}


def _copy_touched(
    scratch: duckdb.DuckDBPyConnection, touched: dict[tuple[str, ...], list[Interval]], projected_days: int
) -> None:
    scratch.execute(
        "create table touched (provider varchar, model_id varchar, pricing_context varchar, "
        "pricing_region varchar, starts timestamp, ends timestamp, number integer)"
    )
    intervals = [(*key, *map(_naive, interval)) for key, found in touched.items() for interval in found]
    if intervals:
        numbered = [(*row, number) for number, row in enumerate(intervals)]
        scratch.executemany("insert into touched values (?, ?, ?, ?, ?, ?, ?)", numbered)
    scratch.execute(sql_text("impact", "copy_touched"))
    scratch.execute(sql_text("impact", "project_touched"), {"projected_days": projected_days})


def _compare(scratch: duckdb.DuckDBPyConnection, base: Catalogue, head: Catalogue) -> tuple[list[Moved], int]:
    days = [day for (day,) in scratch.execute("select distinct day from staging.stg_calls").fetchall()]
    if not days:
        return [], 0
    for name, catalogue in (("base", base), ("head", head)):
        _load(scratch, catalogue)
        for model in _pricing_models():
            build(scratch, discover()[model], days)
        scratch.execute(f"create table priced_{name} as from {_PRICED}")
        scratch.execute(f"drop table {_PRICED}")
    rows = scratch.execute(sql_text("impact", "moved")).fetchall()
    count = scratch.execute("select count(*) from priced_head where not starts_with(call_id, '>')").fetchone()
    return [Moved(*row) for row in rows], int(count[0]) if count else 0


def _load(scratch: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    write_seeds(scratch, catalogue, provenance={}, audit=(), now=datetime.now(UTC).replace(tzinfo=None))
    build(scratch, discover()["pricing.price_cells"], [])


def _pricing_models() -> list[str]:
    """The models between the seeds and a call's cost, in order."""
    models = discover()
    needed, queue = set(), [_PRICED]
    while queue:
        name = queue.pop()
        if name not in needed and not models[name].is_loaded and not name.startswith("staging."):
            needed.add(name)
            queue += models[name].upstream
    return [name for name in models if name in needed]


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
