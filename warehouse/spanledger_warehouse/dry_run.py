"""What the next run would move, before it does: new seeds or a new release, on the calls that are loaded.

The models are built in a database of its own that nobody keeps, over the warehouse attached for reading; the days are
found by the very statements of a run. New landing files are not looked into: they are new cost, not moved cost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb

from spanledger_warehouse import pending, runs
from spanledger_warehouse.build import build, column_types
from spanledger_warehouse.database import prepare, sql_text
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.impact.assessing import Impact, Moved
from spanledger_warehouse.landing.linking import link
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.models import Model, discover
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.settings import Settings

RUN_ID = "dry-run"
_PRICED = "ledger.call_costs"
_HISTORY = "history"


def dry_run(
    settings: Settings, seeds: SeedFiles, *, on_step: Callable[[int, int], None] | None = None
) -> Impact:
    """Build what a run would build, and compare.

    Args:
        settings: of the warehouse, which is only read.
        seeds: that the run would price from.
        on_step: called after each model with the models done and the models in all.

    Raises:
        SpanledgerError: there is no warehouse, or a run holds it.
        SeedError: the seeds do not pass.
    """
    file = settings.home.warehouse_file
    if not file.is_file():
        raise SpanledgerError(
            f"there is no warehouse at {file} yet, so nothing can move; `spanledger run` makes it"
        )
    with tempfile.TemporaryDirectory(prefix="spanledger-dry-run-") as folder:
        connection = duckdb.connect(str(Path(folder) / "scratch.duckdb"))
        try:
            _attach(connection, file)
            prepare(connection, memory_limit=settings.memory_limit)
            runs.start_run(connection, RUN_ID, utc_now())
            _show_history(connection)
            runs.load_seeds(connection, seeds, run_id=RUN_ID, now=utc_now())
            days = pending.dirty_days(connection)
            connection.execute("drop view if exists staging.stg_calls")
            models = _models_of_costs()
            for done, model in enumerate(models if days else (), start=1):
                build(connection, model, days)
                if on_step is not None:
                    on_step(done, len(models))
            return _compare(connection, seeds, built=bool(days))
        finally:
            connection.close()


def _attach(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    quoted = str(file).replace("'", "''")
    try:
        connection.execute(f"attach '{quoted}' as {_HISTORY} (read_only)")
    except duckdb.Error as error:
        raise SpanledgerError(
            f"{file} cannot be read ({error}); wait for the end of the run that holds it"
        ) from error


def _show_history(connection: duckdb.DuckDBPyConnection) -> None:
    """What arrived and was staged as views of the warehouse; its seeds and its runs as they are there."""
    loaded = [model for model in discover().values() if model.is_loaded]
    for model in loaded:
        if model.schema in {"raw", "staging"} and _is_there(connection, model.full_name):
            connection.execute(f"drop table {model.full_name}")
            connection.execute(f"create view {model.full_name} as from {_HISTORY}.{model.full_name}")
    if not _is_there(connection, "staging.identity_days"):  # an earlier release did not link its spans
        link(connection, run_id=RUN_ID)
    connection.execute(f"insert into ops.runs by name select * from {_HISTORY}.ops.runs")
    seeds = [model.full_name for model in loaded if model.schema == "pricing"]
    if not all(_is_as_there(connection, name) for name in seeds):
        # The seeds were read by a release that kept them otherwise: this one builds every day again.
        pending.mark_every_day(connection, cause="release", detail="tables of seeds", run_id=RUN_ID)
        return
    for name in seeds:
        connection.execute(f"insert into {name} by name select * from {_HISTORY}.{name}")
    for name in ("staging.stg_calls", "pricing.price_cells", "pricing.model_matches"):
        if _is_there(connection, name):
            connection.execute(f"create view {name} as from {_HISTORY}.{name}")


def _is_as_there(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return _is_there(connection, name) and column_types(connection, name) == column_types(
        connection, f"{_HISTORY}.{name}"
    )


def _is_there(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and schema_name || '.' || table_name = ?",
        [_HISTORY, name],
    ).fetchone()
    return found is not None


def _models_of_costs() -> list[Model]:
    """What lies between the spans and a call's cost, in order."""
    models = discover()
    needed, queue = set(), [_PRICED]
    while queue:
        name = queue.pop()
        if name not in needed and not models[name].is_loaded:
            needed.add(name)
            queue += models[name].upstream
    return [model for name, model in models.items() if name in needed]


def _compare(connection: duckdb.DuckDBPyConnection, seeds: SeedFiles, *, built: bool) -> Impact:
    base = connection.execute(f"select min(seeds_commit) from {_HISTORY}.pricing.seeds").fetchone()
    bounds = connection.execute("select min(day), max(day) from raw.spans").fetchone() or (None, None)
    rows, calls = [], 0
    if built and _is_there(connection, _PRICED):
        rows = connection.execute(sql_text("runs", "moved_by_run")).fetchall()
        counted = connection.execute(f"select count(*) from {_PRICED}").fetchone()
        calls = int(counted[0]) if counted else 0
    return Impact(
        base_commit=str(base[0]) if base else "none",
        head_commit=seeds.commit,
        first_day=bounds[0],
        last_day=bounds[1],
        touched_calls=calls,
        moved=tuple(Moved(*row) for row in rows),
        closed_months=(),
        touches_everything=(),
    )
