"""What comes from outside: landing files into `raw`, price seeds into `pricing`, closed months into `ledger`."""

from collections.abc import Iterator

import dagster as dg

from spanledger_pipelines.assets.days import report_days
from spanledger_pipelines.assets.descriptions import BACKFILL, DAYS, RETRIES, asset_key, spec_of
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.build import count_rows
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.models import Model, discover

SHOWN_PROBLEMS = 20
# Off the full hour, when everybody else's schedules run.
EVERY_HOUR = "17 * * * *"
LOOK = dg.AutomationCondition.on_cron(EVERY_HOUR)


class SeedsConfig(dg.Config):
    """What one run may price from instead of what the settings say.

    Attributes:
        ref: the git ref of the seeds; empty = as the settings say.
    """

    ref: str = ""


def loaded(schema: str) -> list[Model]:
    """The tables of a schema that a loader fills."""
    return [model for model in discover().values() if model.is_loaded and model.schema == schema]


@dg.multi_asset(
    name="load_landing",
    specs=[spec_of(model, condition=LOOK) for model in (*loaded("raw"), *loaded("staging"))],
    partitions_def=DAYS,
    backfill_policy=BACKFILL,
    retry_policy=RETRIES,
    description="Landing files into raw.",
)
def load_landing(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Load what is new in the spool and the landing zone, each file's bytes once."""
    settings, now = warehouse.settings(), utc_now()
    with warehouse.open(context.run.run_id) as connection:
        result = runs.load_landing(connection, settings, run_id=context.run.run_id, now=now)
        days = connection.execute(
            "select distinct day from raw.spans where file_id in (select file_id from raw.files where run_id = ?)",
            [context.run.run_id],
        ).fetchall()
    report_days(context, "raw.spans", [day for (day,) in days])
    for problem in result.problems[:SHOWN_PROBLEMS]:
        context.log.warning(problem)
    counts = {
        "raw.files": result.files,
        "raw.spans": result.spans,
        "raw.losses": result.losses,
        "raw.segments": result.segments,
        "raw.rejects": result.rejected,
    }
    for model in (*loaded("raw"), *loaded("staging")):
        known = {"new_rows": counts[model.full_name]} if model.full_name in counts else {}
        yield dg.MaterializeResult(asset_key=asset_key(model.full_name), metadata=known)


@dg.multi_asset(
    name="load_seeds",
    specs=[spec_of(model, deps=("raw.spans",)) for model in loaded("pricing")],
    partitions_def=DAYS,
    backfill_policy=BACKFILL,
    retry_policy=RETRIES,
    description="Price seeds of one commit into pricing.",
)
def load_seeds(
    context: dg.AssetExecutionContext, warehouse: Warehouse, config: SeedsConfig
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Read the seeds; mark the days whose prices they change. A seed with a fault fails the run: file and line."""
    seeds, now = warehouse.seeds(config.ref), utc_now()
    with warehouse.open(context.run.run_id) as connection:
        result = runs.load_seeds(connection, seeds, run_id=context.run.run_id, now=now)
    for problem in result.problems:
        context.log.warning(problem)
    metadata: dict[str, str | int] = {
        "seeds_commit": result.commit,
        "seeds_state": result.state,
        "prices_in_force": result.prices,
    }
    for model in loaded("pricing"):
        yield dg.MaterializeResult(
            asset_key=asset_key(model.full_name),
            metadata=metadata,
            data_version=dg.DataVersion(seeds.digest[:16]),
        )


@dg.multi_asset(
    name="load_closed_months",
    specs=[spec_of(model, deps=("raw.spans", "pricing.periods")) for model in loaded("ledger")],
    partitions_def=DAYS,
    backfill_policy=BACKFILL,
    retry_policy=RETRIES,
    description="Closed months from their artifacts into ledger.",
)
def load_closed_months(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Bring the closed months in line with the seeds. An artifact that is missing or was changed fails the run."""
    with warehouse.open(context.run.run_id) as connection:
        changed = runs.load_closed(connection, warehouse.settings(), run_id=context.run.run_id)
        rows = {model.full_name: count_rows(connection, model) for model in loaded("ledger")}
    for name, count in rows.items():
        metadata: dict[str, str | int] = {
            "dagster/row_count": count,
            "changed_months": ", ".join(changed) or "none",
        }
        yield dg.MaterializeResult(asset_key=asset_key(name), metadata=metadata)
