"""A published file of as many calls as wanted, made by the warehouse's own models from generated call costs.

1,000 tenants (the first of them large, most small), 30 models, 40 operations, 90 days; a row is a function of its
number.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import STORAGE_VERSION, prepare
from spanledger_warehouse.models import discover
from spanledger_warehouse.publish import published_models

FIRST, DAYS, TENANTS, MODELS, OPERATIONS = date(2026, 8, 1), 90, 1000, 30, 40

# Skewed: the tenant's number grows with the square of a uniform number.
_CALLS = f"""
with numbers as (
    select
        n,
        hash(n) % 1000000 as h1,
        hash(n + 1000000007) % 1000000 as h2
    from range(?, ?) as r (n)
),

shaped as (
    select
        n,
        'call-' || n as call_id,
        0 as part,
        0 as copy,
        'billable' as disposition,
        'tenant-' || (h1 * h1 // 1000000 * {TENANTS} // 1000000) as tenant_id,
        ?::date as day,
        ?::date as business_day,
        ?::timestamp + to_seconds(n % 86400) as billed_at,
        'service-' || (h2 % 5) as service,
        'production' as environment,
        'operation-' || (h2 % {OPERATIONS}) as operation,
        'provider-' || (h2 // 7 % 5) as provider,
        'model-' || (h2 // 7 % {MODELS}) as model,
        n % 50 <> 0 as success,
        case when n % 50 = 0 then '500' end as error_type,
        200 + h1 % 4000 as duration_ms,
        256 << (h1 % 5) as duration_bucket_ms,
        case when n % 50 = 0 then 'missing' else 'complete' end as usage_status,
        200 + h2 % 9000 as input_tokens,
        20 + h1 % 700 as output_tokens,
        h2 % 190 as cache_read_quantity,
        case when n % 50 = 0 then 'no_usage' else 'priced' end as cost_status,
        '{{"edge_case_id": "EC-' || n % 1000 || '"}}' as request_metadata
    from numbers
)

select
    *,
    billed_at as ended_at,
    billed_at - to_milliseconds(duration_ms) as started_at,
    model as response_model,
    model as request_model,
    'answer-' || n as response_id,
    lpad(hex(n), 32, '0') as trace_id,
    lpad(hex(n), 16, '0') as span_id,
    'standard' as pricing_context,
    'global' as pricing_region,
    1 as attempt,
    input_tokens + output_tokens as total_tokens,
    input_tokens - cache_read_quantity as input_quantity,
    output_tokens as output_quantity,
    0 as reasoning_quantity,
    input_tokens + output_tokens as priced_tokens,
    0 as unpriced_tokens,
    'price-' || model as price_ids,
    cast((input_tokens - cache_read_quantity) * 0.0000025 + output_tokens * 0.00001 as decimal(38, 12))
        as list_cost_usd,
    list_cost_usd as contracted_cost_usd,
    'benchmark' as seeds_commit
from shaped
"""

_LINES = """
select call_id, part, day, tenant_id, unnest(['input', 'output']) as unit,
    unnest([input_quantity, output_quantity]) as quantity, price_ids as price_id,
    unnest([0.0000025, 0.00001]) as unit_price, 'USD' as currency,
    unnest([cast(input_quantity * 0.0000025 as decimal(38, 12)), cast(output_quantity * 0.00001 as decimal(38, 12))])
        as list_cost_usd,
    unnest([cast(input_quantity * 0.0000025 as decimal(38, 12)), cast(output_quantity * 0.00001 as decimal(38, 12))])
        as contracted_cost_usd
from calls
"""


def write_published(folder: Path, calls: int) -> Path:
    """Write the file; returns it."""
    file = folder / "spanledger.duckdb"
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    with duckdb.connect(str(folder / "building.duckdb")) as connection:
        prepare(connection)
        create_loaded(connection)
        for model in discover().values():
            if not model.is_loaded:
                build(connection, model, [])
        for place, day in enumerate(days):
            values = [calls * place // DAYS, calls * (place + 1) // DAYS, day, day, day]
            connection.execute(f"create or replace temp table calls as {_CALLS}", values)
            for table in ("ledger.call_costs", "staging.stg_calls"):
                shared = [
                    name for name in _columns(connection, table) if name in _columns(connection, "calls")
                ]
                connection.execute(f"insert into {table} by name select {', '.join(shared)} from calls")
            connection.execute(f"insert into ledger.derived_lines by name {_LINES}")
        for name, model in discover().items():
            if (name == "ledger.cost_lines" or model.schema == "marts") and not model.is_loaded:
                build(connection, model, days)
        _publish(connection, file)
    (folder / "building.duckdb").unlink()
    return file


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe {table}").fetchall()]


def _publish(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    connection.execute(f"attach '{file}' as publication (storage_version '{STORAGE_VERSION}')")
    for model in published_models():
        connection.execute(f"create schema if not exists publication.{model.schema}")
        connection.execute(f"create table publication.{model.full_name} as from {model.full_name}")
    connection.execute("create schema publication.ops")
    connection.execute(
        "create table publication.ops.publication as select 'benchmark' as version, now()::timestamp as published_at, "
        "'benchmark' as run_id, 'benchmark' as seeds_commit, 'committed' as seeds_state, 'benchmark' as seeds_source, "
        "'benchmark' as seeds_digest, 'benchmark' as release, now()::timestamp as complete_through"
    )
    connection.execute("detach publication")
