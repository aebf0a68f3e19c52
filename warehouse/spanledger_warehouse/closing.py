"""Closes a month: its call costs become an artifact, and a line in `periods.csv` of the seeds says so."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import duckdb

from spanledger_warehouse.closed_months import (
    PARTS,
    SUMS,
    Period,
    artifact_problem,
    closed_folder,
    digest_of_file,
    warehouse_id,
)
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import ClosingError
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.editing_commit import commit_files, require_clean
from spanledger_warehouse.seeds.rows import ClosedPeriod
from spanledger_warehouse.seeds.source import COMMITTED, SeedFiles, digest_of, read_seeds
from spanledger_warehouse.seeds.tables import columns_of
from spanledger_warehouse.settings import Settings

FILE = "periods.csv"
_SOURCES = {"calls.parquet": "ledger.call_costs", "lines.parquet": "ledger.derived_lines"}


@dataclass(frozen=True)
class ClosedMonth:
    """A month that was closed.

    Attributes:
        month: `YYYY-MM`, UTC.
        warehouse: id of the warehouse in `periods.csv`.
        artifact: its folder.
        calls: billable calls.
        list_cost_usd, contracted_cost_usd: what they cost (USD); None when nothing has a known cost.
        incomplete_calls: calls whose cost is not known, or not in full.
        commit, branch: that closed it; no commit when the line was left in the work tree.
    """

    month: str
    warehouse: str
    seeds_commit: str
    release: str
    digest: str
    artifact: Path
    calls: int
    list_cost_usd: Decimal | None
    contracted_cost_usd: Decimal | None
    incomplete_calls: int
    commit: str | None
    branch: str


@dataclass(frozen=True)
class _Totals:
    calls: int
    list_cost_usd: Decimal | None
    contracted_cost_usd: Decimal | None
    incomplete_calls: int


def close_month(
    settings: Settings,
    month: str,
    *,
    today: date,
    note: str = "",
    incomplete: bool = False,
    commit: bool = True,
    on_step: Callable[[int, int], None] | None = None,
) -> ClosedMonth:
    """Write the artifact of a month and the line that closes it; the next run shows the month as closed.

    Args:
        settings: of the warehouse; its last run must have been published.
        month: `YYYY-MM`, UTC.
        today: the UTC day; the month must be over.
        note: a word for people, into the line and the commit.
        incomplete: close although a source has not delivered the whole month.
        commit: False leaves the line in the work tree of the seeds.
        on_step: called with the parts written and the parts in all.

    Raises:
        ClosingError, SeedError: nothing was closed; says why.
    """
    folder = closed_folder(settings.home)
    source = read_seeds(settings.seeds_source, settings.seeds_ref)
    _, branch = require_clean(source)
    own = warehouse_id(folder) or f"w-{uuid4().hex[:12]}"
    _refuse_month(source, folder / month, own, month, today)
    with connect(settings, read_only=True) as connection:
        seeds_commit, release = _require_published(connection)
        period = Period(month, seeds_commit, release, "", FILE)
        if not incomplete:
            _require_complete(connection, period)
        totals = _totals(connection, period)
        digest = _write_artifact(connection, folder, period, own, on_step)
    try:
        made = _write_line(source, replace(period, digest=digest), own, note, totals, commit=commit)
    except BaseException:
        shutil.rmtree(folder / month)
        raise
    return ClosedMonth(
        month, own, seeds_commit, release, digest, folder / month, **vars(totals), commit=made, branch=branch
    )


def _refuse_month(source: SeedFiles, artifact: Path, own: str, month: str, today: date) -> None:
    try:
        after = (date.fromisoformat(f"{month}-01") + timedelta(days=31)).replace(day=1)
    except ValueError as error:
        raise ClosingError(f"'{month}' is no month; write it as 2026-10") from error
    if today < after:
        raise ClosingError(f"{month} is not over; it can be closed from {after} on (UTC)")
    if source.state != COMMITTED:
        raise ClosingError(
            f"the seeds are {source.state}, and a month is closed by a commit; "
            "make a repository with `spanledger prices init` and name it as seeds.source"
        )
    rows = csv.DictReader(io.StringIO(source.files.get(FILE, b"").decode()))
    for line, row in enumerate(rows, start=2):
        if (row["warehouse"], row["month"]) == (own, month):
            raise ClosingError(f"{month} is closed already, by {FILE}:{line} ({row['digest'][:12]})")
    if artifact.exists():
        raise ClosingError(
            f"{artifact} is there, and no line of {FILE} at {source.commit[:12]} ({source.ref}) names it; merge the "
            "commit that closes the month, or move the folder away to close the month anew"
        )


def _require_published(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Commit and release of the last run, if all that is known went into it."""
    waiting = connection.execute("select count(distinct day), min(day) from ops.dirty_days").fetchone()
    if waiting and waiting[0]:
        raise ClosingError(
            f"{waiting[0]} days wait to be built, first {waiting[1]}; run `spanledger run` first"
        )
    last = connection.execute(
        "select r.seeds_commit, r.seeds_state, r.release, s.seeds_commit from ops.runs as r, pricing.seeds as s "
        "where r.status = 'published' order by r.started_at desc limit 1"
    ).fetchone()
    if last is None or last[0] != last[3]:
        raise ClosingError("the last run was not published; run `spanledger run` first")
    if last[1] != COMMITTED:
        raise ClosingError(
            f"the last run priced from {last[1]} seeds ({last[0]}); run it from committed ones first"
        )
    return last[0], last[2]


def _require_complete(connection: duckdb.DuckDBPyConnection, period: Period) -> None:
    row = connection.execute(
        "select open_processes, complete_through from staging.complete_through"
    ).fetchone()
    end = datetime.combine(period.last_day + timedelta(days=1), datetime.min.time())
    if row and row[0] and row[1] < end:
        raise ClosingError(
            f"a source has delivered only up to {row[1]:%Y-%m-%d %H:%M} UTC ({row[0]} processes are open); wait for "
            "it, or close all the same with --incomplete: what comes later becomes a correction"
        )


def _totals(connection: duckdb.DuckDBPyConnection, period: Period) -> _Totals:
    row = connection.execute(
        "select count(*) filter (part = 0), cast(sum(list_cost_usd) as decimal(38, 12)), "
        "cast(sum(contracted_cost_usd) as decimal(38, 12)), count(*) filter (part = 0 and "
        "(cost_status in ('unpriced', 'partially_priced', 'usage_missing') or usage_status = 'partial')) "
        "from ledger.call_costs where day between ? and ?",
        [period.first_day, period.last_day],
    ).fetchone()
    return _Totals(*row) if row else _Totals(0, None, None, 0)


def _write_artifact(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    period: Period,
    own: str,
    on_step: Callable[[int, int], None] | None,
) -> str:
    """Write the folder aside and put it in place by rename, read-only; returns the digest."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{period.month}.new"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    days = f"day between date '{period.first_day}' and date '{period.last_day}'"
    for done, (name, table) in enumerate(_SOURCES.items(), start=1):
        file = str(aside / name).replace("'", "''")
        connection.execute(
            f"copy (select * from {table} where {days} order by all) to '{file}' (format parquet, compression zstd)"
        )
        if on_step is not None:
            on_step(done, len(_SOURCES))
    sums = "".join(f"{digest_of_file(aside / name)}  {name}\n" for name in PARTS).encode()
    (aside / SUMS).write_bytes(sums)
    digest = sha256(sums).hexdigest()
    if problem := artifact_problem(aside, digest):
        raise ClosingError(f"{period.month} was not closed: {problem}")
    for file_ in aside.iterdir():
        _sync(file_)
        file_.chmod(0o444)
    if not (folder / "warehouse_id").exists():
        (folder / "warehouse_id").write_text(own + "\n", encoding="utf-8")
        _sync(folder / "warehouse_id")
    aside.rename(folder / period.month)
    _sync(folder)
    return digest


def _write_line(
    source: SeedFiles, period: Period, own: str, note: str, totals: _Totals, *, commit: bool
) -> str | None:
    """Append the line to `periods.csv`, through the gate, as a commit of its own."""
    columns = list(columns_of(ClosedPeriod))
    before = source.files.get(FILE) or (",".join(columns) + "\n").encode()
    line = io.StringIO()
    values = {**vars(period), "warehouse": own, "note": " ".join(note.split())}
    csv.writer(line, lineterminator="\n").writerow([values[column] for column in columns])
    after = {FILE: before + (b"" if before.endswith(b"\n") else b"\n") + line.getvalue().encode()}
    files = {**source.files, **after}
    errors = [
        finding
        for finding in check(replace(source, files=files, digest=digest_of(files)))
        if finding.is_error
    ]
    if errors:
        listed = "\n".join(f"  {finding}" for finding in errors)
        raise ClosingError(f"{period.month} was not closed: the seeds do not pass the check:\n{listed}")
    message = (
        f"[periods] Close {period.month} of {own}: {totals.calls} calls, {totals.contracted_cost_usd or 0:f} USD\n\n"
        f"{note + chr(10) * 2 if note else ''}Period-Close: {period.month}\nWarehouse: {own}\n"
        f"Digest: {period.digest}\nSeeds-Commit: {period.seeds_commit}\nRelease: {period.release}\n"
    )
    return commit_files(source, after, message, commit=commit)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
