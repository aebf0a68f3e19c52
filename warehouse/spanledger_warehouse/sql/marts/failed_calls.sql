-- Calls that failed, with their error, their metadata and what they cost all the same.
-- grain: call_id
-- materialized: by day
select
    call_id,
    tenant_id,
    day,
    billed_at,
    service,
    operation,
    provider,
    model,
    http_status,
    error_type,
    error_message,
    attempt,
    duration_ms,
    usage_status,
    total_tokens,
    contracted_cost_usd,
    cost_status,
    request_metadata,
    response_metadata
from marts.calls
where not success
