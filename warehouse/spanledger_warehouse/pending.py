"""What is left to do, kept in the warehouse itself, so that a run that dies leaves nothing but work for the next one.

A row of `ops.dirty_days` is work: a day to build again, why, and the mark at which it came up. `ops.built_days` holds
for each model and day the mark of its last build. Work is done when every model that its cause reaches was built after
it came up; only then may the day be published, and only what was published is cleared.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

import duckdb

from spanledger_warehouse.build import transaction
from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.models import Model, discover

# What these causes change lies in the seeds: models that read no seeds need not be built again for them.
CAUSES_OF_SEEDS = ("prices", "tenants", "contracts", "attribution")


def dirty_days(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """The days that have to be built again."""
    rows = connection.execute("select distinct day from ops.dirty_days order by day").fetchall()
    return [day for (day,) in rows]


def mark_days(
    connection: duckdb.DuckDBPyConnection, days: Sequence[date], *, cause: str, detail: str, run_id: str
) -> int:
    """Note days to build again; returns how many."""
    connection.execute(
        "insert into ops.dirty_days (day, cause, detail, run_id) select unnest(cast(? as date [])), ?, ?, ?",
        [list(days), cause, detail, run_id],
    )
    return len(days)


def mark_every_day(connection: duckdb.DuckDBPyConnection, *, cause: str, detail: str, run_id: str) -> int:
    """Note every day of the warehouse as work; returns how many."""
    rows = connection.execute("select distinct day from raw.spans").fetchall()
    return mark_days(connection, [day for (day,) in rows], cause=cause, detail=detail, run_id=run_id)


def days_of_tenant(connection: duckdb.DuckDBPyConnection, tenant: str, first: date, last: date) -> list[date]:
    """The days on which a tenant has calls, as sent or as attributed."""
    rows = connection.execute(
        "select distinct day from staging.stg_calls where tenant_id = $tenant and day between $first and $last "
        "union select distinct day from raw.spans where tenant = $tenant and day between $first and $last order by day",
        {"tenant": tenant, "first": first, "last": last},
    ).fetchall()
    return [day for (day,) in rows]


def next_mark(connection: duckdb.DuckDBPyConnection) -> int:
    """A mark after all work that is known now."""
    row = connection.execute("select nextval('ops.marks')").fetchone()
    return int(row[0]) if row else 0


def note_built(
    connection: duckdb.DuckDBPyConnection, model: Model, days: Sequence[date], *, mark: int
) -> None:
    """Note that a model holds what was known of these days at the mark."""
    if model.materialized != "by day" or not days:
        return
    with transaction(connection):
        connection.execute(
            "delete from ops.built_days where model = ? and list_contains(cast(? as date []), day)",
            [model.full_name, list(days)],
        )
        connection.execute(
            "insert into ops.built_days select ?, unnest(cast(? as date [])), ?",
            [model.full_name, list(days), mark],
        )


def require_built(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """The days to publish, each built by every model that has to.

    Raises:
        SpanledgerError: a day waits for a model: a part of the job alone must not pass for the whole.
    """
    waiting = connection.execute(
        sql_text("runs", "unbuilt_days"),
        {
            "seed_causes": list(CAUSES_OF_SEEDS),
            "models": list(models_by_day()),
            "models_of_seeds": list(models_of_seeds()),
        },
    ).fetchall()
    if waiting:
        day, cause, model = waiting[0]
        days = len({row[0] for row in waiting})
        raise SpanledgerError(
            f"nothing was published: {days} day{'s wait' if days > 1 else ' waits'} to be built again, first {day} "
            f"(because of {cause}) in {model}; run the whole job"
        )
    return dirty_days(connection)


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the work that `require_built` found done, inside the transaction of the caller."""
    for table in ("dirty_days", "built_days", "days_before"):
        connection.execute(f"delete from ops.{table}")


@cache
def models_by_day() -> tuple[str, ...]:
    """The models that are kept by day."""
    return tuple(name for name, model in discover().items() if model.materialized == "by day")


@cache
def models_of_seeds() -> tuple[str, ...]:
    """Of these, the ones that read a seed table, however far up."""
    models = discover()
    reached = {name for name, model in models.items() if model.is_loaded and model.schema == "pricing"}
    for name, model in models.items():  # in the order of the graph: upstream first
        if reached.intersection(model.upstream):
            reached.add(name)
    return tuple(name for name in models_by_day() if name in reached)
