"""The Dagster definitions: `dagster dev -m spanledger_pipelines.definitions`, or `spanledger dev`."""

from collections.abc import Sequence

import dagster as dg

from spanledger_pipelines.assets.archived import archived_records
from spanledger_pipelines.assets.models import model_assets
from spanledger_pipelines.assets.publication import published
from spanledger_pipelines.assets.sources import load_closed_months, load_landing, load_seeds
from spanledger_pipelines.automation import schedule, sensors
from spanledger_pipelines.checks import asset_checks
from spanledger_pipelines.resources import Warehouse

JOB = "spanledger_run"


def build_definitions(
    home: str = "",
    *,
    uncommitted: bool = False,
    warehouse: Warehouse | None = None,
    owners: Sequence[str] = (),
) -> dg.Definitions:
    """The definitions for one warehouse, to be used as they are or merged into a deployment of your own.

    The job runs in one process, whatever executor the deployment has: the database file is locked by its process, and
    a step process costs seconds to start.

    Args:
        home: the home folder; empty = `spanledger.toml` and `SPANLEDGER_HOME` decide.
        uncommitted: price from seeds that are not committed.
        warehouse: the warehouse itself, instead of the two before.
        owners: owners of every asset (`team:finops`, `ada@example.com`), instead of `team:llm-costs`.
    """
    assets = [load_landing, load_seeds, load_closed_months, *model_assets(), published, archived_records]
    if owners:
        assets = [*dg.map_asset_specs(lambda spec: spec.replace_attributes(owners=list(owners)), assets)]
    return dg.Definitions(
        assets=assets,
        asset_checks=asset_checks(),
        resources={"warehouse": warehouse or Warehouse(home=home, uncommitted=uncommitted)},
        jobs=[
            dg.define_asset_job(
                JOB,
                # Ours by name: in a deployment of your own, all() would be everybody's.
                selection=dg.AssetSelection.assets(*(key for asset in assets for key in asset.keys)),
                description="One pass: load, price, build, check, publish, archive.",
                executor_def=dg.in_process_executor,
            )
        ],
        sensors=sensors(JOB),
        schedules=[schedule(JOB)],
    )


defs = dg.Definitions.merge(build_definitions(), dg.Definitions(executor=dg.in_process_executor))
