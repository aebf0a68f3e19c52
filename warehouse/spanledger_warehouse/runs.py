"""One pass in steps: look, load, read the seeds, build, check, publish. An orchestrator calls the steps in order.

What is left to do is kept in the warehouse itself (`pending`), so a run that dies leaves nothing but work for the
next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from spanledger_warehouse import checks, pending
from spanledger_warehouse.archive.layout import Archive
from spanledger_warehouse.archive.writing import Archived, archive_loaded
from spanledger_warehouse.build import Built, build, create_loaded, transaction
from spanledger_warehouse.closed_months import (
    closed_folder,
    load_closed_months,
    require_loaded,
    write_periods,
)
from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import CheckFailed, SpanledgerError
from spanledger_warehouse.landing.loading import LoadResult, load
from spanledger_warehouse.looking import models_digest, release
from spanledger_warehouse.models import Model, discover
from spanledger_warehouse.publish import publish
from spanledger_warehouse.reading.published import Publication
from spanledger_warehouse.retention import remove_aged
from spanledger_warehouse.seed_tables import write_seeds
from spanledger_warehouse.seeds.catalogue import Catalogue, parse
from spanledger_warehouse.seeds.provenance import Provenance, provenance
from spanledger_warehouse.seeds.source import COMMITTED, SeedFiles
from spanledger_warehouse.seeds.trail import Entry, history_problems, trail
from spanledger_warehouse.settings import Settings


@dataclass
class SeedsRead:
    """What reading the seeds did."""

    changed: bool
    commit: str
    state: str
    prices: int
    problems: list[str] = field(default_factory=list)


def start_run(connection: duckdb.DuckDBPyConnection, run_id: str, now: datetime) -> None:
    """Note that a run began; prepare the tables that loaders fill."""
    create_loaded(connection)
    connection.execute(
        "insert into ops.runs (run_id, started_at, status, release) "
        "select ?, ?, 'running', ? where not exists (select 1 from ops.runs where run_id = ?)",
        [run_id, now, release(), run_id],
    )


def load_landing(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    run_id: str,
    now: datetime,
    on_file: Callable[[Path], None] | None = None,
) -> LoadResult:
    """Load what is new in spool and landing zone."""
    return load(connection, settings.home, run_id=run_id, now=now, on_file=on_file)


def archive_landing(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    now: datetime | None = None,
    on_file: Callable[[int, int], None] | None = None,
) -> Archived:
    """Bring what was loaded into the archive; with the time, remove what is older than the settings say."""
    done = archive_loaded(connection, Archive(settings.home.archive), on_file=on_file)
    if now is not None:
        remove_aged(connection, settings.retention, now=now)
    return done


def load_seeds(
    connection: duckdb.DuckDBPyConnection, seeds: SeedFiles, *, run_id: str, now: datetime
) -> SeedsRead:
    """Read the seeds into `pricing` and mark the days whose prices they change.

    Raises:
        SeedError: the seeds do not pass; names file and line. Nothing was changed.
    """
    catalogue = parse(seeds).require()
    current = connection.execute(
        "select seeds_digest, seeds_state, seeds_commit from pricing.seeds"
    ).fetchone()
    write_periods(connection, catalogue.periods)
    result = SeedsRead(
        changed=current != (seeds.digest, seeds.state, seeds.commit),
        commit=seeds.commit,
        state=seeds.state,
        prices=len(catalogue.in_force),
    )
    if result.changed:
        origins, entries = _history(catalogue, result)
        # Seeds and the work that they make come together: a run that dies in between would leave stale prices.
        with transaction(connection):
            _keep_old_prices(connection)
            write_seeds(connection, catalogue, provenance=origins, audit=entries, now=now)
            _note_history(connection, catalogue, result)
            _mark_repriced_days(connection, run_id)
    _mark_release(connection, run_id)
    connection.execute(
        "update ops.runs set seeds_commit = ?, seeds_state = ?, seeds_source = ?, seeds_digest = ?, model_digest = ? "
        "where run_id = ?",
        [seeds.commit, seeds.state, seeds.source, seeds.digest, models_digest(), run_id],
    )
    return result


def load_closed(connection: duckdb.DuckDBPyConnection, settings: Settings, *, run_id: str) -> tuple[str, ...]:
    """Bring the closed months in line with the seeds; returns the months that changed.

    Raises:
        ClosingError: an artifact is missing or was changed.
    """
    return load_closed_months(connection, closed_folder(settings.home), run_id=run_id)


def build_model(connection: duckdb.DuckDBPyConnection, model: Model, *, run_id: str, now: datetime) -> Built:
    """Build one model for the days that changed, and what a run reports on the way."""
    mark, days = pending.next_mark(connection), pending.dirty_days(connection)
    match model.full_name:
        case "marts.daily_costs":
            built = _build_daily_costs(connection, model, days, run_id=run_id, now=now)
        case "marts.restatements":
            return Built(model.full_name, _restated(connection, run_id), ())
        case _:
            if model.full_name == "marts.data_quality":
                for asked in checks.discover().values():
                    check(connection, asked, run_id=run_id, now=now)
            built = build(connection, model, days)
    pending.note_built(connection, model, days, mark=mark)
    return built


def models_in_order() -> list[Model]:
    """What a run builds, in order; the report on data quality comes last."""
    built = [model for model in discover().values() if not model.is_loaded]
    return sorted(built, key=lambda model: model.full_name == "marts.data_quality")


def check(
    connection: duckdb.DuckDBPyConnection, asked: checks.Check, *, run_id: str, now: datetime
) -> checks.CheckResult:
    """The result of a check in this run; a check runs once a run."""
    known = checks.recorded(connection, asked, run_id)
    return known if known is not None else checks.run_check(connection, asked, run_id=run_id, now=now)


def publish_run(
    connection: duckdb.DuckDBPyConnection, settings: Settings, *, run_id: str, now: datetime
) -> Path:
    """Publish what was built, if no identity failed and anything is new, and note that nothing is left to do.

    Raises:
        CheckFailed: an identity does not hold; the last published version stays.
    """
    _check_identities(connection, run_id=run_id, now=now)
    failed = connection.execute(
        "select check_name, violations, example, what_to_do from ops.check_results "
        "where run_id = ? and severity = 'error' and violations > 0",
        [run_id],
    ).fetchall()
    if failed:
        listed = "\n".join(
            f"  {name}: {count}, first: {example}. {todo}" for name, count, example, todo in failed
        )
        raise CheckFailed(f"nothing was published, because money would be wrong:\n{listed}")
    row = connection.execute(
        "select seeds_commit, seeds_state, seeds_source, seeds_digest from pricing.seeds"
    ).fetchone()
    if row is None:
        raise SpanledgerError("nothing was published: no seeds have been read; run the pricing step first")
    commit, state, source, digest = row
    publication = Publication(
        version=f"{now:%Y%m%dT%H%M%S%f}Z",
        run_id=run_id,
        release=release(),
        seeds_commit=commit,
        seeds_state=state,
        seeds_source=source,
        seeds_digest=digest,
        published_at=now,
        complete_through=_complete_through(connection),
    )
    days = pending.require_built(connection)
    require_loaded(connection, closed_folder(settings.home))
    has_news = publish(connection, settings.home, publication, days)
    with transaction(connection):
        pending.clear(connection)
        connection.execute(sql_text("runs", "note_published"), {"run_id": run_id, "now": now, "days": days})
        if not has_news:
            connection.execute("update ops.runs set status = 'unchanged' where run_id = ?", [run_id])
    return settings.home.published_file


def _complete_through(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    row = connection.execute("select complete_through from staging.complete_through").fetchone()
    return row[0] if row else None


def _check_identities(connection: duckdb.DuckDBPyConnection, *, run_id: str, now: datetime) -> None:
    """Look at every identity that this run has not looked at yet: a part of the job alone must not publish."""
    try:
        for asked in checks.discover().values():
            if asked.is_blocking:
                check(connection, asked, run_id=run_id, now=now)
    except duckdb.CatalogException as error:
        raise SpanledgerError(
            f"nothing was published: a table was never built; run the whole job ({error})"
        ) from error


def fail_run(connection: duckdb.DuckDBPyConnection, run_id: str, message: str, now: datetime) -> None:
    """Note that a run failed, and why."""
    connection.execute(
        "update ops.runs set status = 'failed', ended_at = ?, message = ? where run_id = ? and status = 'running'",
        [now, message[:2000], run_id],
    )


def _history(catalogue: Catalogue, result: SeedsRead) -> tuple[Mapping[str, Provenance], Sequence[Entry]]:
    try:
        origins = provenance(catalogue)
        return origins, trail(catalogue, origins)
    except SpanledgerError as error:  # a shallow clone: the prices are right, their history is out of reach
        result.problems.append(f"the price history could not be read: {error}")
        return {}, []


def _note_history(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, result: SeedsRead) -> None:
    """What an auditor must hear of the history, into `pricing.seeds`; the check `seeds_history` reports it."""
    recorded = connection.execute(
        "select distinct seeds_commit from ops.runs where seeds_source = ? and seeds_state = ?",
        [catalogue.source.source, COMMITTED],
    ).fetchall()
    problems = [*result.problems, *history_problems(catalogue, [commit for (commit,) in recorded])]
    connection.execute("update pricing.seeds set history_problem = ?", ["; ".join(problems) or None])


def _keep_old_prices(connection: duckdb.DuckDBPyConnection) -> None:
    if _has_rows(connection, "staging", "stg_calls"):
        _build_matches(connection)
        for table in ("price_cells", "model_matches", "tenants", "adjustments", "attribution", "fx_rates"):
            connection.execute(f"create or replace temp table old_{table} as from pricing.{table}")


def _mark_repriced_days(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    if _has_rows(connection, "staging", "stg_calls"):
        _build_matches(connection)
        connection.execute(sql_text("runs", "mark_repriced_days"), {"run_id": run_id})
        connection.execute(sql_text("runs", "mark_reattributed_days"), {"run_id": run_id})


def _build_matches(connection: duckdb.DuckDBPyConnection) -> None:
    """The prices of all calls that are staged."""
    bounds = connection.execute("select min(day), max(day) from staging.stg_calls").fetchone()
    for name in ("pricing.price_cells", "pricing.model_matches"):
        build(connection, discover()[name], list(bounds or ()))


def _mark_release(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """After a release that changes a model, every day has to be built again."""
    last = connection.execute(
        "select model_digest from ops.runs where status in ('published', 'unchanged') order by started_at desc limit 1"
    ).fetchone()
    if last is not None and last[0] != models_digest():
        pending.mark_every_day(connection, cause="release", detail=release(), run_id=run_id)


def _build_daily_costs(
    connection: duckdb.DuckDBPyConnection, model: Model, days: list[date], *, run_id: str, now: datetime
) -> Built:
    if not _has_rows(connection, "marts", "daily_costs"):
        build(connection, model, [])  # the first time there is nothing to keep, and no table either
    connection.execute(sql_text("runs", "keep_days_before"), {"days": days})
    built = build(connection, model, days)
    with transaction(connection):
        # What a run noted that never came to be published is said again, in full, by this one.
        connection.execute(
            "delete from marts.restatements "
            "where run_id in (select run_id from ops.runs where status in ('running', 'failed'))"
        )
        connection.execute(sql_text("runs", "record_restatements"), {"run_id": run_id, "now": now})
    return built


def _restated(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
    row = connection.execute("select count(*) from marts.restatements where run_id = ?", [run_id]).fetchone()
    return int(row[0]) if row else 0


def _has_rows(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    exists = connection.execute(
        "select 1 from information_schema.tables where table_catalog = current_database() "
        "and table_schema = ? and table_name = ?",
        [schema, table],
    ).fetchone()
    return bool(exists) and bool(connection.execute(f"select 1 from {schema}.{table} limit 1").fetchone())
