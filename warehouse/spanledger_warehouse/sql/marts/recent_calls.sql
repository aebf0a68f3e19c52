-- The last thousand calls of every tenant, newest first by `recency`.
-- grain: call_id
-- materialized: full
-- columns:
--   recency: 1 for the tenant's newest call
with ranked as (
    select
        *,
        cast(row_number() over (partition by tenant_id order by billed_at desc, call_id asc) as bigint) as recency
    from marts.calls
    where day >= (select max(c.day) from marts.calls as c) - 35
)

select
    call_id,
    tenant_id,
    recency,
    day,
    billed_at,
    service,
    operation,
    provider,
    model,
    success,
    error_type,
    duration_ms,
    input_tokens,
    output_tokens,
    total_tokens,
    contracted_cost_usd,
    cost_status,
    request_metadata
from ranked
where recency <= 1000
