-- Every billable call with its usage, cost and status: what a tenant's user looks into.
-- grain: call_id
-- materialized: by day
-- columns:
--   list_cost_usd: cost at list prices over all parts (USD); null when nothing of it has a price
--   contracted_cost_usd: cost at agreed prices over all parts (USD); null when nothing of it has a price
--   cost_status: status of the call; partially_priced when its parts differ
--   source_file: landing file that brought the call
--   source_line: line in that file
with costs as (
    select
        call_id,
        day,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        case when min(cost_status) = max(cost_status) then min(cost_status) else 'partially_priced' end
            as cost_status,
        cast(sum(unpriced_tokens) as bigint) as unpriced_tokens
    from ledger.published_costs
    group by call_id, day
)

select
    c.call_id,
    c.tenant_id,
    s.sent_tenant_id,
    s.attribution,
    c.day,
    c.business_day,
    c.billed_at,
    s.started_at,
    s.ended_at,
    c.service,
    c.environment,
    c.operation,
    c.provider,
    c.model,
    s.request_model,
    s.response_model,
    s.response_id,
    s.gen_ai_operation,
    s.stream,
    c.success,
    s.http_status,
    s.error_type,
    s.error_message,
    c.attempt,
    c.duration_ms,
    c.usage_status,
    c.usage_issue,
    c.pricing_context,
    c.pricing_region,
    c.input_tokens,
    c.output_tokens,
    c.total_tokens,
    c.input_quantity as uncached_input_tokens,
    c.cache_read_quantity as cache_read_tokens,
    c.cache_write_5m_quantity as cache_write_5m_tokens,
    c.cache_write_1h_quantity as cache_write_1h_tokens,
    c.output_quantity as plain_output_tokens,
    c.reasoning_quantity as reasoning_tokens,
    c.input_audio_quantity as input_audio_tokens,
    c.output_audio_quantity as output_audio_tokens,
    c.input_image_quantity as input_image_tokens,
    c.output_image_quantity as output_image_tokens,
    c.web_search_quantity as web_searches,
    cast(t.list_cost_usd as decimal(38, 12)) as list_cost_usd,
    cast(t.contracted_cost_usd as decimal(38, 12)) as contracted_cost_usd,
    cast(t.reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    t.cost_status,
    c.unpriced_units,
    t.unpriced_tokens,
    c.price_ids,
    c.seeds_commit,
    s.request_metadata,
    s.response_metadata,
    s.trace_id,
    s.span_id,
    s.process,
    s.sequence,
    f.path as source_file,
    s.line as source_line
from ledger.published_costs as c
left join staging.stg_calls as s
    on c.call_id = s.call_id and c.part = s.part and c.day = s.day and s.copy = 0
inner join costs as t on c.call_id = t.call_id and c.day = t.day
left join raw.files as f on s.file_id = f.file_id
where c.part = 0
