"""One asset per SQL model, built for the days that changed; edges and columns are read from the SQL."""

from hashlib import sha256

import dagster as dg

from spanledger_pipelines.assets.descriptions import (
    asset_key,
    column_metadata,
    definition_metadata,
    group_of,
)
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.build import column_types, count_rows
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.models import Model, discover

DATA_QUALITY = "marts.data_quality"
RESTATEMENTS = "marts.restatements"


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
    """The asset of one model."""

    @dg.asset(
        key=asset_key(model.full_name),
        description=f"{model.description}\n\nGrain: {', '.join(model.grain)}.",
        group_name=group_of(model),
        kinds={"duckdb", "sql"},
        deps=[asset_key(name) for name in upstream_of(model)],
        metadata=definition_metadata(model.full_name),
        code_version=sha256(model.sql.encode()).hexdigest()[:16],
    )
    def build(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with warehouse.open(context.run.run_id) as connection:
            built = runs.build_model(connection, model, run_id=context.run.run_id, now=utc_now())
            types = column_types(connection, model.full_name)
            rows = count_rows(connection, model)
        return dg.MaterializeResult(
            metadata={
                **column_metadata(model.full_name, types),
                "dagster/row_count": rows,
                "rows_rebuilt": built.rows,
                "days_rebuilt": len(built.days),
                "first_day": str(min(built.days)) if built.days else "none",
                "last_day": str(max(built.days)) if built.days else "none",
            }
        )

    return build


def model_assets() -> list[dg.AssetsDefinition]:
    """The assets of all models that a run builds, and of the restatements it records on the way."""
    return [
        model_asset(model)
        for model in discover().values()
        if not model.is_loaded or model.full_name == RESTATEMENTS
    ]
