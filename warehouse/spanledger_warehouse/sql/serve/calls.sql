-- Calls of the days that a page falls on, newest first.
-- grain: call_id
-- parameters: from_day, to_day, skip, take, those of the filters
select
    call_id,
    tenant_id,
    day,
    billed_at,
    service,
    environment,
    operation,
    provider,
    model,
    success,
    http_status,
    error_type,
    error_message,
    attempt,
    duration_ms,
    usage_status,
    input_tokens,
    output_tokens,
    total_tokens,
    cache_read_tokens,
    reasoning_tokens,
    list_cost_usd,
    contracted_cost_usd,
    reported_cost_usd,
    cost_status,
    unpriced_units,
    request_metadata,
    response_metadata
from marts.calls
where
    /* day */ between $from_day and $to_day
    /* filters */
order by billed_at desc, call_id asc
limit $take offset $skip
