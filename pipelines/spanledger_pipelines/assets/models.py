"""One asset per SQL model, built for the days that changed; edges and columns are read from the SQL."""

from typing import Any

import dagster as dg
import duckdb

from spanledger_pipelines.assets.days import asked_days, report_days
from spanledger_pipelines.assets.descriptions import BACKFILL, DAYS, RETRIES, column_metadata, spec_of
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.build import Built, column_types, count_rows
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.models import Model, discover

DATA_QUALITY = "marts.data_quality"
RESTATEMENTS = "marts.restatements"
_COST = "contracted_cost_usd"


def upstream_of(model: Model) -> tuple[str, ...]:
    """What a model waits for: what its SQL reads, and for the two reports on a run, what they report on."""
    if model.full_name == RESTATEMENTS:
        return ("marts.daily_costs",)
    if model.full_name == DATA_QUALITY:
        return tuple(
            name for name, other in discover().items() if other.schema == "marts" and name != model.full_name
        )
    return model.upstream


def model_asset(model: Model) -> dg.AssetsDefinition:
    """The asset of one model. A run of partitions builds their days; every run builds the days that wait."""
    by_day = model.materialized == "by day"

    @dg.multi_asset(
        name="__".join((model.schema, model.name)),
        specs=[spec_of(model, deps=upstream_of(model))],
        partitions_def=DAYS,
        backfill_policy=BACKFILL,
        retry_policy=RETRIES,
    )
    def build(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with warehouse.open(context.run.run_id) as connection:
            asked_days(context, connection)
            built = runs.build_model(connection, model, run_id=context.run.run_id, now=utc_now())
            types = column_types(connection, model.full_name)
            metadata: dict[str, Any] = {
                **column_metadata(model.full_name, types),
                "dagster/row_count": count_rows(connection, model),
                **_rebuilt(built),
            }
            if by_day and _COST in types:
                metadata |= _cost(connection, model, built)
        report_days(context, model.full_name, built.days)
        return dg.MaterializeResult(metadata=metadata)

    return build


def model_assets() -> list[dg.AssetsDefinition]:
    """The assets of all models that a run builds, and of the restatements it records on the way."""
    return [
        model_asset(model)
        for model in discover().values()
        if not model.is_loaded or model.full_name == RESTATEMENTS
    ]


def _rebuilt(built: Built) -> dict[str, Any]:
    return {
        "rows_rebuilt": built.rows,
        "days_rebuilt": len(built.days),
        "first_day": str(min(built.days)) if built.days else "none",
        "last_day": str(max(built.days)) if built.days else "none",
    }


def _cost(connection: duckdb.DuckDBPyConnection, model: Model, built: Built) -> dict[str, Any]:
    """Cost of the days that were built: exact as text, and as a number for the plot."""
    row = connection.execute(
        f"select cast(sum({_COST}) as decimal(38, 12)) from {model.full_name} "
        f"where list_contains(?, {model.day_column})",
        [list(built.days)],
    ).fetchone()
    if row is None or row[0] is None:
        return {}
    return {_COST: f"{row[0]:f}", f"{_COST}_to_plot": float(row[0])}
