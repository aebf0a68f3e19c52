"""The last step: the marts as a read-only DuckDB file and as Parquet."""

import dagster as dg

from spanledger_pipelines.assets.descriptions import (
    BACKFILL,
    DAYS,
    FOLLOW,
    FRESHNESS,
    OWNERS,
    RETRIES,
    asset_key,
)
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.looking import utc_now
from spanledger_warehouse.publish import published_models
from spanledger_warehouse.reading.published import open_published, publication

PUBLISHED = dg.AssetKey(["published", "spanledger"])


@dg.multi_asset(
    name="published__spanledger",
    specs=[
        dg.AssetSpec(
            key=PUBLISHED,
            group_name="published",
            kinds={"duckdb", "parquet"},
            owners=OWNERS,
            freshness_policy=FRESHNESS,
            automation_condition=FOLLOW,
            deps=[asset_key(model.full_name) for model in published_models()],
            description="The marts as a read-only DuckDB file and as Parquet, switched atomically. "
            "A run without news, or in which an identity failed, publishes nothing.",
        )
    ],
    partitions_def=DAYS,
    backfill_policy=BACKFILL,
    retry_policy=RETRIES,
)
def published(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Publish what was built, if every identity holds."""
    settings = warehouse.settings()
    with warehouse.open(context.run.run_id) as connection:
        file = runs.publish_run(connection, settings, run_id=context.run.run_id, now=utc_now())
    with open_published(file) as reader:
        made = publication(reader)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(file)),
            "version": made.version,
            "is_new": made.run_id == context.run.run_id,
            "seeds_commit": made.seeds_commit,
            "seeds_state": made.seeds_state,
            "complete_through": str(made.complete_through or "unknown"),
        },
        data_version=dg.DataVersion(made.version),
    )
