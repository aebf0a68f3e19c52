"""Closed months: an artifact that never changes, and from then on the month is that artifact and its corrections.

    <home>/closed/warehouse_id            the name of this warehouse in periods.csv
    <home>/closed/2026-10/calls.parquet   ledger.call_costs of the month
    <home>/closed/2026-10/lines.parquet   ledger.derived_lines of the month
    <home>/closed/2026-10/SHA256SUMS      of both, as `sha256sum --check` reads it; its own sha256 is the digest

Which months are closed is said by `periods.csv` of the seeds that a run prices from; `closing` adds the line.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest, sha256
from pathlib import Path

import duckdb

from spanledger_warehouse import pending
from spanledger_warehouse.build import column_types, transaction
from spanledger_warehouse.errors import ClosingError
from spanledger_warehouse.seeds.rows import ClosedPeriod
from spanledger_warehouse.settings import Home

CAUSE = "closing"
SUMS = "SHA256SUMS"
# File of the artifact → the table that it is read into, which has the shape of the one it was written from.
PARTS = {"calls.parquet": "ledger.frozen_calls", "lines.parquet": "ledger.frozen_lines"}
_RESTORE = "restore it from a backup, or price from seeds whose periods.csv does not close the month"


@dataclass(frozen=True)
class Period:
    """One closed month of this warehouse, as `periods.csv` says.

    Attributes:
        month: `YYYY-MM`, UTC.
        place: file and line of the seeds.
    """

    month: str
    seeds_commit: str
    release: str
    digest: str
    place: str

    @property
    def first_day(self) -> date:
        """First day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def last_day(self) -> date:
        """Last day of the month."""
        first = self.first_day
        return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def closed_folder(home: Home) -> Path:
    """Where the artifacts of closed months lie; a backup has to hold them."""
    return home.path / "closed"


def warehouse_id(folder: Path) -> str | None:
    """The name of this warehouse in `periods.csv`; None while it has closed nothing."""
    file = folder / "warehouse_id"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def write_periods(connection: duckdb.DuckDBPyConnection, periods: Iterable[ClosedPeriod]) -> None:
    """Put the lines of `periods.csv` into `pricing.periods`."""
    connection.execute("delete from pricing.periods")
    for row in periods:
        connection.execute(
            "insert into pricing.periods values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                row.warehouse,
                row.month,
                row.seeds_commit,
                row.release,
                row.digest,
                row.note,
                row.file,
                row.line,
            ],
        )


def periods_of(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Period]:
    """The months that the seeds close for this warehouse, by month.

    Raises:
        ClosingError: two lines close the same month.
    """
    rows = connection.execute(
        "select month, seeds_commit, release, digest, file || ':' || seed_line from pricing.periods "
        "where warehouse = ? order by month, seed_line",
        [warehouse_id(folder)],
    ).fetchall()
    found: dict[str, Period] = {}
    for row in rows:
        period = Period(*row)
        other = found.setdefault(period.month, period)
        if other is not period:
            raise ClosingError(
                f"{period.place}: {period.month} is closed already by {other.place}; a month is closed once"
            )
    return found


def load_closed_months(
    connection: duckdb.DuckDBPyConnection, folder: Path, *, run_id: str
) -> tuple[str, ...]:
    """Bring the closed months of the warehouse in line with the seeds; returns the months that changed.

    Raises:
        ClosingError: an artifact is missing or not what the seeds say; nothing was changed.
    """
    wanted = periods_of(connection, folder)
    loaded = _loaded(connection)
    if loaded and warehouse_id(folder) is None:
        raise ClosingError(
            f"{folder} is gone, and {len(loaded)} closed months ({', '.join(sorted(loaded))}) rest on it; "
            "restore it from a backup"
        )
    for month, period in wanted.items():
        _require_artifact(connection, folder / month, period, loaded.get(month))
    changed = [
        month
        for month in sorted({*wanted, *loaded})
        if month not in wanted or month not in loaded or loaded[month][0] != wanted[month].digest
    ]
    for month in changed:
        with transaction(connection):
            _mark(connection, month, run_id)
            _thaw(connection, month)
            if month in wanted:
                _freeze(connection, folder / month, wanted[month], warehouse_id(folder) or "")
                _mark(connection, month, run_id)
    return tuple(changed)


def require_loaded(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make sure that what is published shows closed months as they were closed.

    Raises:
        ClosingError: the seeds close a month that was not loaded.
    """
    wanted = {month: period.digest for month, period in periods_of(connection, folder).items()}
    loaded = {month: digest for month, (digest, _) in _loaded(connection).items()}
    if wanted != loaded:
        differing = sorted(set(wanted.items()) ^ set(loaded.items()))
        raise ClosingError(
            f"nothing was published: the closed month {differing[0][0]} of the seeds was not loaded; run the whole job"
        )


def artifact_problem(artifact: Path, digest: str) -> str | None:
    """What is wrong with an artifact, read whole; None when it is what the digest says."""
    sums = artifact / SUMS
    if not sums.is_file():
        return f"{sums} is missing"
    text = sums.read_bytes()
    if sha256(text).hexdigest() != digest:
        return f"{sums} has sha256 {sha256(text).hexdigest()[:12]}, periods.csv says {digest[:12]}"
    said = {name: value for value, _, name in (line.partition("  ") for line in text.decode().splitlines())}
    for name in PARTS:
        file = artifact / name
        if not file.is_file():
            return f"{file} is missing"
        if digest_of_file(file) != said.get(name):
            return f"{file} was changed: its sha256 is not the one in {SUMS}"
    return None


def digest_of_file(file: Path) -> str:
    """The sha256 of a file."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _loaded(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    rows = connection.execute("select month, digest, artifact from ledger.closed_months").fetchall()
    return {month: (digest, artifact) for month, digest, artifact in rows}


def _require_artifact(
    connection: duckdb.DuckDBPyConnection, artifact: Path, period: Period, known: tuple[str, str] | None
) -> None:
    """Read the artifact whole, unless its files are those that were read whole before, by size and time."""
    state = _state(artifact)
    if known == (period.digest, state):
        return
    problem = artifact_problem(artifact, period.digest)
    if problem is not None:
        raise ClosingError(f"{period.place} closes {period.month}, but {problem}; {_RESTORE}")
    connection.execute("update ledger.closed_months set artifact = ? where month = ?", [state, period.month])


def _state(artifact: Path) -> str:
    files = [artifact / name for name in (*PARTS, SUMS)]
    return " ".join(f"{file.stat().st_size}@{file.stat().st_mtime_ns}" for file in files if file.is_file())


def _freeze(connection: duckdb.DuckDBPyConnection, artifact: Path, period: Period, warehouse: str) -> None:
    for name, table in PARTS.items():
        source = f"read_parquet('{str(artifact / name).replace(chr(39), chr(39) * 2)}')"
        kept = column_types(connection, f"(from {source})")
        columns = ", ".join(column for column in column_types(connection, table) if column in kept)
        connection.execute(f"insert into {table} by name select {columns} from {source}")
    connection.execute(
        "insert into ledger.closed_months values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            period.month,
            warehouse,
            period.first_day,
            period.last_day,
            period.seeds_commit,
            period.release,
            period.digest,
            _state(artifact),
        ],
    )


def _thaw(connection: duckdb.DuckDBPyConnection, month: str) -> None:
    for table in PARTS.values():
        connection.execute(f"delete from {table} where strftime(day, '%Y-%m') = ?", [month])
    connection.execute("delete from ledger.closed_months where month = ?", [month])


def _mark(connection: duckdb.DuckDBPyConnection, month: str, run_id: str) -> None:
    days = connection.execute(
        "select day from raw.spans where strftime(day, '%Y-%m') = $month "
        "union select day from ledger.frozen_calls where strftime(day, '%Y-%m') = $month",
        {"month": month},
    ).fetchall()
    pending.mark_days(connection, [day for (day,) in days], cause=CAUSE, detail=month, run_id=run_id)
