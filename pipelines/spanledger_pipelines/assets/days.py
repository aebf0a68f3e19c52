"""Days as partitions: a backfill asks for its days; every run builds the days that wait, and reports them.

Dagster wants a partition of every run of partitioned assets. An ordinary pass (by schedule, sensor or `spanledger run`)
takes the newest one and says by a tag that it asks for no day in particular.
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import duckdb

from spanledger_pipelines.assets.descriptions import DAYS, asset_key
from spanledger_warehouse import pending

CAUSE = "backfill"
CAUSE_TAG = "spanledger/cause"


def newest_day() -> str:
    """The partition of an ordinary pass."""
    return DAYS.get_last_partition_key() or ""


def asked_days(context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection) -> None:
    """Note the days of the run's partitions as work to do, once a run; days that nothing arrived for are none."""
    bounds = _partitions(context)
    if bounds is None:
        return
    run_id = context.run.run_id
    known = connection.execute(
        "select 1 from ops.dirty_days where run_id = ? and cause = ? limit 1", [run_id, CAUSE]
    ).fetchone()
    if known is not None:
        return
    days = connection.execute(
        "select distinct day from raw.spans where day between ? and ? order by day", list(bounds)
    ).fetchall()
    pending.mark_days(
        connection,
        [day for (day,) in days],
        cause=CAUSE,
        detail=f"{bounds[0]} to {bounds[1]}",
        run_id=run_id,
    )


def report_days(context: dg.AssetExecutionContext, name: str, days: Iterable[date]) -> None:
    """Tell the instance which days of a table changed beside those that the run was asked for, where it keeps them."""
    if context.instance.is_ephemeral:
        return
    bounds = _partitions(context)
    first = date.fromisoformat(DAYS.get_first_partition_key() or "")
    for day in days:
        if day >= first and not (bounds and bounds[0] <= day <= bounds[1]):
            context.log_event(dg.AssetMaterialization(asset_key=asset_key(name), partition=str(day)))


def _partitions(context: dg.AssetExecutionContext) -> tuple[date, date] | None:
    """The first and the last day that the run was asked for; None when it was not asked for any."""
    if CAUSE_TAG in context.run.tags:
        return None
    if context.has_partition_key:
        day = date.fromisoformat(context.partition_key)
        return day, day
    if context.has_partition_key_range:
        asked = context.partition_key_range
        return date.fromisoformat(asked.start), date.fromisoformat(asked.end)
    return None
