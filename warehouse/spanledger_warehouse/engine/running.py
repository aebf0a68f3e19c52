"""One pass whose ledger and marts are built on an engine: DuckDB stages what landed, the engine does the rest."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import duckdb

from spanledger_warehouse import checks, runs
from spanledger_warehouse.build import build
from spanledger_warehouse.database import connect
from spanledger_warehouse.engine.dialect import SHARED_SCHEMAS
from spanledger_warehouse.engine.spark import EngineRun, Step, build_on_engine
from spanledger_warehouse.errors import CheckFailed
from spanledger_warehouse.looking import read_configured_seeds, utc_now
from spanledger_warehouse.models import discover
from spanledger_warehouse.settings import Settings


def run_on_engine(
    settings: Settings, url: str, *, uncommitted: bool = False, step: Step | None = None
) -> EngineRun:
    """Load, stage, then build every day's ledger and marts on the server at `url`.

    The warehouse's own marts and its published file stay as they are: what the engine builds is published as Parquet.

    Args:
        settings: where the warehouse is and which seeds count.
        url: the server, such as `sc://host:15002`.
        uncommitted: price from files that are not committed.
        step: told after each table that the engine built.

    Raises:
        SpanledgerError: the run failed; the last version stays.
    """
    seeds = read_configured_seeds(settings, uncommitted=uncommitted)
    now, run_id = utc_now(), str(uuid4())
    with connect(settings) as connection:
        runs.start_run(connection, run_id, now)
        runs.load_landing(connection, settings, run_id=run_id, now=now)
        runs.load_seeds(connection, seeds, run_id=run_id, now=now)
        runs.load_closed(connection, settings, run_id=run_id)
        for model in runs.models_in_order():
            if model.schema not in SHARED_SCHEMAS:
                runs.build_model(connection, model, run_id=run_id, now=now)
        _check_staged(connection, run_id=run_id, now=now)
        every_day = connection.execute("select distinct day from staging.stg_calls order by day").fetchall()
        for model in discover().values():
            if model.materialized == "for the run":
                build(connection, model, [day for (day,) in every_day])
        made = build_on_engine(connection, settings.home, url, version=f"{now:%Y%m%dT%H%M%S%f}Z", step=step)
        connection.execute(
            "update ops.runs set status = 'engine', ended_at = ? where run_id = ?", [utc_now(), run_id]
        )
    return made


def _check_staged(connection: duckdb.DuckDBPyConnection, *, run_id: str, now: datetime) -> None:
    """Look at the identities of what DuckDB staged; those of ledger and marts are looked at where they are built."""
    for asked in checks.discover().values():
        if asked.is_blocking and not any(name.split(".")[0] in SHARED_SCHEMAS for name in asked.reads):
            result = runs.check(connection, asked, run_id=run_id, now=now)
            if not result.passed:
                raise CheckFailed(f"{result}. {asked.what_to_do}")
