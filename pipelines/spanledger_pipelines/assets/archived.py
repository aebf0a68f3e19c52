"""After the last version is out: what was loaded goes into the archive, which a rebuild reads."""

import dagster as dg

from spanledger_pipelines.assets.descriptions import BACKFILL, DAYS, FOLLOW, OWNERS, RETRIES
from spanledger_pipelines.assets.publication import PUBLISHED
from spanledger_pipelines.resources import Warehouse
from spanledger_warehouse import runs
from spanledger_warehouse.looking import utc_now

SHOWN_PROBLEMS = 20


@dg.multi_asset(
    name="archive__records",
    specs=[
        dg.AssetSpec(
            key=dg.AssetKey(["archive", "records"]),
            group_name="archive",
            kinds={"parquet"},
            owners=OWNERS,
            automation_condition=FOLLOW,
            deps=[PUBLISHED],
            description="Every record that was loaded, word for word, as Parquet by day: what `verify` and `rebuild` "
            "read. A landing file whose records are here is not needed any more.",
        )
    ],
    partitions_def=DAYS,
    backfill_policy=BACKFILL,
    retry_policy=RETRIES,
)
def archived_records(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Archive what was loaded; a file that cannot be archived is told, and tried again by the next run."""
    settings = warehouse.settings()
    with warehouse.open(context.run.run_id) as connection:
        done = runs.archive_landing(connection, settings, now=utc_now())
    for problem in done.problems[:SHOWN_PROBLEMS]:
        context.log.warning(problem)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(settings.home.archive)),
            "new_files": done.files,
            "new_rows": done.lines,
            "not_archived": len(done.problems),
        }
    )
