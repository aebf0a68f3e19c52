"""The last step: the marts as a read-only DuckDB file and as Parquet."""

import dagster as dg

from spanledger_pipelines.assets.descriptions import asset_key
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.publish import published_models

PUBLISHED = dg.AssetKey(["published", "spanledger"])


@dg.asset(
    key=PUBLISHED,
    group_name="published",
    kinds={"duckdb", "parquet"},
    deps=[asset_key(model.full_name) for model in published_models()],
    description="The marts as a read-only DuckDB file and as Parquet, switched atomically. "
    "A run in which an identity failed publishes nothing.",
)
def published(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Publish what was built, if every identity holds."""
    settings = warehouse.settings()
    with warehouse.open(context.run.run_id) as connection:
        file = runs.publish_run(connection, settings, run_id=context.run.run_id, now=utc_now())
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(str(file))})
