"""Rebuilds the ledger from archive, landing files and seeds in a fresh database and compares every published number.

`ledger = f(records, seeds commit, release)`: if the rebuilt rows differ from the published ones, one of the three is
not what the published file says, or the incremental path has a fault. Either way a person must know.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from spanledger_warehouse import pending, runs
from spanledger_warehouse.archive.layout import Archive
from spanledger_warehouse.archive.reading import restore_archive
from spanledger_warehouse.closed_months import closed_folder, load_closed_months
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import PublishedError, SpanledgerError
from spanledger_warehouse.looking import read_configured_seeds, utc_now
from spanledger_warehouse.seeds.private import split_commit
from spanledger_warehouse.seeds.source import COMMITTED, UNCOMMITTED, SeedFiles
from spanledger_warehouse.settings import Settings

# When a row was built, and at which of several commits with the same price, differs without a number differing.
_NOT_COMPARED = ("seeds_commit", "complete_through")
COMPARED = (
    "marts.daily_costs",
    "marts.costs_by_model",
    "marts.costs_by_operation",
    "marts.hourly_costs",
    "marts.daily_costs_by_business_day",
    "marts.costs_by_model_by_business_day",
    "marts.costs_by_operation_by_business_day",
    "marts.calls",
    "marts.failed_calls",
    "marts.recent_calls",
    "marts.unpriced_usage",
    "marts.corrections",
    "ledger.cost_lines",
)


@dataclass(frozen=True)
class Compared:
    """One table, published and rebuilt.

    Attributes:
        table: full name.
        rows: rows of the published table.
        only_published, only_rebuilt: rows that the other side does not have.
        example: the first such row, in words.
    """

    table: str
    rows: int
    only_published: int
    only_rebuilt: int
    example: str | None

    @property
    def equal(self) -> bool:
        """Every row is there on both sides, to the last digit."""
        return not (self.only_published or self.only_rebuilt)


@dataclass(frozen=True)
class Verification:
    """What the comparison found.

    Attributes:
        version: the published version.
        seeds_commit: the commit that it was rebuilt from.
        missing_files: files that brought records and are neither archived nor in the landing zone.
        closed_months: months whose artifact has the digest of `periods.csv`.
        tables: one result per table.
    """

    version: str
    seeds_commit: str
    missing_files: tuple[str, ...]
    closed_months: tuple[str, ...]
    tables: tuple[Compared, ...]

    @property
    def equal(self) -> bool:
        """The published numbers are what records and seeds give."""
        return not self.missing_files and all(table.equal for table in self.tables)


def verify(settings: Settings, *, on_step: Callable[[int, int], None] | None = None) -> Verification:
    """Rebuild in a temporary database and compare with the published file.

    Args:
        settings: the warehouse to verify; it is only read.
        on_step: called after each model with the models done and the models in all.

    Raises:
        PublishedError: nothing was published yet.
        ClosingError: the artifact of a closed month is missing or was changed.
        SeedError: the seeds of the published version cannot be read any more.
        SpanledgerError: the seeds at hand are not the ones that the published version rests on.
    """
    published = settings.home.published_file
    if not published.is_file():
        raise PublishedError(f"{published} is not there; publish with `spanledger run` first")
    version, commit, seeds = _published_seeds(settings, published)
    with tempfile.TemporaryDirectory(prefix="spanledger-verify-") as folder:
        scratch = replace(settings, home=replace(settings.home, path=Path(folder)))
        closed = _rebuild(
            scratch, Archive(settings.home.archive), closed_folder(settings.home), seeds, on_step
        )
        with connect(scratch) as connection:
            connection.execute(f"attach '{_quoted(published)}' as published (read_only)")
            tables = tuple(_compare(connection, table) for table in COMPARED)
            missing = _missing_files(connection, settings)
    return Verification(version, commit, missing, closed, tables)


def _published_seeds(settings: Settings, published: Path) -> tuple[str, str, SeedFiles]:
    with duckdb.connect(str(published), read_only=True) as connection:
        row = connection.execute(
            "select version, seeds_commit, seeds_state, seeds_digest from ops.publication"
        ).fetchone()
    if row is None:
        raise PublishedError(f"{published} does not say what it is; publish again with `spanledger run`")
    version, commit, state, digest = row
    public, private = split_commit(commit)
    pinned = replace(
        settings,
        seeds_ref=public if state == COMMITTED else None,
        private_source=settings.private_source if private else None,
        private_ref=private,
    )
    seeds = read_configured_seeds(pinned, uncommitted=state == UNCOMMITTED)
    if seeds.digest != digest:
        raise SpanledgerError(
            f"the seeds at hand have digest {seeds.digest[:12]}, the published version rests on {digest[:12]} "
            f"({state}, {commit}); point SPANLEDGER_SEEDS to the seeds that it was published from"
        )
    return version, commit, seeds


def _rebuild(
    settings: Settings,
    archive: Archive,
    artifacts: Path,
    seeds: SeedFiles,
    on_step: Callable[[int, int], None] | None,
) -> tuple[str, ...]:
    """Returns the closed months, whose artifacts were read whole and have the digests of `periods.csv`."""
    run_id, now = "verify", utc_now()
    models = runs.models_in_order()
    with connect(settings) as connection:
        runs.start_run(connection, run_id, now)
        restore_archive(connection, archive)
        pending.mark_every_day(connection, cause="rebuild", detail="verify", run_id=run_id)
        runs.load_landing(connection, settings, run_id=run_id, now=now)
        runs.load_seeds(connection, seeds, run_id=run_id, now=now)
        closed = load_closed_months(connection, artifacts, run_id=run_id)
        for done, model in enumerate(models, start=1):
            runs.build_model(connection, model, run_id=run_id, now=now)
            if on_step is not None:
                on_step(done, len(models))
    return closed


def _compare(connection: duckdb.DuckDBPyConnection, table: str) -> Compared:
    columns = [
        name
        for name, *_ in connection.execute(f"describe published.{table}").fetchall()
        if name not in _NOT_COMPARED
    ]
    chosen = ", ".join(columns)
    sides = {
        "published": f"select {chosen} from published.{table}",
        "rebuilt": f"select {chosen} from {table}",
    }
    only = {
        side: f"select * from ({query}) except all select * from ({sides[other]})"
        for (side, query), other in zip(sides.items(), ("rebuilt", "published"), strict=True)
    }
    counts = {side: _number(connection, f"select count(*) from ({query})") for side, query in only.items()}
    example = None
    for side in (side for side, count in counts.items() if count and example is None):
        relation = connection.execute(f"select * from ({only[side]}) order by all limit 1")
        row = dict(zip(columns, relation.fetchone() or (), strict=False))
        example = f"only {side}: " + ", ".join(f"{name}={value}" for name, value in list(row.items())[:12])
    return Compared(
        table=table,
        rows=_number(connection, f"select count(*) from published.{table}"),
        only_published=counts["published"],
        only_rebuilt=counts["rebuilt"],
        example=example,
    )


def _missing_files(connection: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[str, ...]:
    """Files that the warehouse loaded and the rebuilt database, which is open, could not find."""
    connection.execute(f"attach '{_quoted(settings.home.warehouse_file)}' as verified (read_only)")
    paths = connection.execute(
        "select path from verified.raw.files where lines > 0 "
        "and sha256 not in (select f.sha256 from raw.files as f) order by path"
    ).fetchall()
    return tuple(path for (path,) in paths)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
