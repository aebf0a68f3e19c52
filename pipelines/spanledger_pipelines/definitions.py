"""The Dagster definitions: `dagster dev -m spanledger_pipelines.definitions`, or `spanledger dev`."""

import dagster as dg

from spanledger_pipelines.assets.archived import archived_records
from spanledger_pipelines.assets.models import model_assets
from spanledger_pipelines.assets.publication import published
from spanledger_pipelines.assets.sources import load_closed_months, load_landing, load_seeds
from spanledger_pipelines.automation import automation
from spanledger_pipelines.checks import asset_checks
from spanledger_pipelines.resources import Warehouse

JOB = "spanledger_run"


def build_definitions(
    home: str = "", *, uncommitted: bool = False, warehouse: Warehouse | None = None
) -> dg.Definitions:
    """The definitions for one warehouse, to be used as they are or merged into a deployment of your own.

    Args:
        home: the home folder; empty = `spanledger.toml` and `SPANLEDGER_HOME` decide.
        uncommitted: price from seeds that are not committed.
        warehouse: the warehouse itself, instead of the two before.
    """
    sensor, schedule = automation(JOB)
    return dg.Definitions(
        assets=[load_landing, load_seeds, load_closed_months, *model_assets(), published, archived_records],
        asset_checks=asset_checks(),
        resources={"warehouse": warehouse or Warehouse(home=home, uncommitted=uncommitted)},
        jobs=[
            dg.define_asset_job(
                JOB,
                selection=dg.AssetSelection.all(),
                description="One pass: load, price, build, check, publish, archive.",
            )
        ],
        sensors=[sensor],
        schedules=[schedule],
        # One writer: the database file is locked by its process, and a step process costs seconds to start.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
