"""What the Dagster UI shows of a table: description, owners, columns, lineage; all of it read from the SQL files."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import dagster as dg

from spanledger_warehouse.lineage import column_lineage
from spanledger_warehouse.models import Model, column_docs, discover

OWNERS = ["team:llm-costs"]
# UTC days from before anybody billed tokens up to today. Every asset has them, so that one run takes all; of what has
# no days (seeds, views, the published file) a partition is the pass that was made for that day.
DAYS = dg.DailyPartitionsDefinition(start_date="2021-01-01", timezone="UTC", end_offset=1)
# A backfill is one run: the database has one writer, and neighbouring days are built by one statement.
BACKFILL = dg.BackfillPolicy.single_run()
# Steps are transactions, so trying again is safe. What cannot get better by itself says so (see resources.told).
RETRIES = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL)
# The schedule makes a pass an hour, whether or not anything is new.
FRESHNESS = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=3), fail_window=timedelta(hours=26))
# Follow what changed upstream, with a pass for today: it builds every day that waits, late ones as well.
FOLLOW = dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())


def asset_key(name: str) -> dg.AssetKey:
    """The asset key of `schema.table`."""
    return dg.AssetKey(name.split("."))


@cache
def definition_metadata(name: str) -> Mapping[str, Any]:
    """Grain, columns and column lineage, as known before anything is built."""
    model = discover()[name]
    return {
        "grain": ", ".join(model.grain),
        "materialized": model.materialized,
        **column_metadata(name, {}),
    }


def column_metadata(name: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Columns with their meaning (and type, once built), and the upstream columns that each is made from."""
    docs = column_docs(name)
    lineage = column_lineage()[name]
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(column, type=types.get(column, "unknown"), description=docs.get(column))
                for column in lineage
            ]
        ),
        "dagster/column_lineage": dg.TableColumnLineage(
            deps_by_column={
                column: [dg.TableColumnDep(asset_key(table), source) for table, source in sources]
                for column, sources in lineage.items()
                if sources and all(table in discover() for table, _ in sources)
            }
        ),
    }


def spec_of(
    model: Model,
    *,
    deps: tuple[str, ...] | None = None,
    condition: dg.AutomationCondition[Any] | None = FOLLOW,
) -> dg.AssetSpec:
    """The asset of a model: its group is its layer.

    Args:
        model: of the SQL files.
        deps: what it waits for, where that is not what its SQL reads.
        condition: when declarative automation asks for it.
    """
    upstream = model.upstream if deps is None else deps
    return dg.AssetSpec(
        key=asset_key(model.full_name),
        description=f"{model.description}\n\nGrain: {', '.join(model.grain)}.",
        group_name=model.schema,
        owners=OWNERS,
        kinds={"duckdb", "sql"},
        deps=[asset_key(name) for name in upstream],
        metadata=definition_metadata(model.full_name),
        code_version=sha256(model.sql.encode()).hexdigest()[:16],
        automation_condition=condition,
        freshness_policy=FRESHNESS if model.schema == "raw" else None,
    )
