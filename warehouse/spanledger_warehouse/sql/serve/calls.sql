-- The calls of a window, newest first, and their number and cost: row 0.
-- grain: place
-- parameters: from_day, to_day, skip, take, those of the filters
with found as (
    select *
    from marts.calls
    where
        /* day */ between $from_day and $to_day
        /* filters */
),

page as (
    select *
    from found
    order by billed_at desc, call_id asc
    limit $take offset $skip
),

placed as (
    select
        *,
        $skip + row_number() over (order by billed_at desc, call_id asc) as place
    from page
    union all by name
    select
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(total_tokens) as total_tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        0 as place
    from found
)

select
    place,
    (select count(*) from found) as rows_in_all,
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
    cast(list_cost_usd as decimal(38, 12)) as list_cost_usd,
    cast(contracted_cost_usd as decimal(38, 12)) as contracted_cost_usd,
    cast(reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    cost_status,
    unpriced_units,
    request_metadata,
    response_metadata
from placed
order by place
