-- Calls of 20 tenants in the days before 2026-11-16, the general case: six models with tiers, times of day, another provider's prices and
-- cache writes; four contexts; a region with an uplift of its own; searches, and now and then a unit without a column.
-- grain: call_id
-- variables: calls, days
insert into staging.stg_calls by name
with numbered as (
    select
        i,
        1 + i % 6 as kind,
        (i * 7919) % (cast($days as bigint) * 86400000) as at_ms,
        10 + (i * 31) % (case when i % 11 = 0 then 400000 else 20000 end) as input_tokens,
        (i * 17) % 3000 as output_tokens
    from range($calls) as r (i)
),

counted as (
    select
        *,
        case when i % 3 = 0 then input_tokens // 2 else 0 end as cache_read,
        case when kind = 2 and i % 4 = 0 then input_tokens // 10 else 0 end as cache_write_5m,
        case when kind = 2 and i % 16 = 0 then input_tokens // 20 else 0 end as cache_write_1h,
        case when i % 5 = 0 then output_tokens // 2 else 0 end as reasoning,
        case when kind = 6 and i % 50 = 0 then 40 else 0 end as input_audio
    from numbered
)

select
    'call-' || cast(i as varchar) as call_id,
    0 as part,
    0 as copy,
    'billable' as disposition,
    't' || cast(i % 20 as varchar) as tenant_id,
    'bench' as service,
    'operation-' || cast(i % 40 as varchar) as operation,
    (['openai', 'anthropic', 'deepseek', 'x-ai', 'azure', 'google'])[kind] as provider,
    (['gpt-5.5', 'claude-opus-5-5', 'deepseek-v4-flash', 'grok-4.20', 'gpt-4o', 'gemini-3.1-pro-preview'])[kind]
        as model_id,
    timestamp '2026-11-16' - to_days($days) + to_milliseconds(at_ms) as billed_at,
    billed_at as started_at,
    billed_at as ended_at,
    cast(billed_at as date) as day,
    day as business_day,
    true as success,
    1 as attempt,
    900 as duration_ms,
    900 as duration_bucket_ms,
    'complete' as usage_status,
    case when kind = 2 and i % 7 = 0 then 'us' else 'global' end as pricing_region,
    case
        when kind in (1, 2, 4, 6) and i % 10 = 1 then 'batch'
        when kind = 1 and i % 10 = 3 then 'flex'
        when kind = 1 and i % 10 = 5 then 'priority'
        else 'standard'
    end as pricing_context,
    input_tokens,
    output_tokens,
    input_tokens + output_tokens as total_tokens,
    input_tokens - cache_read - cache_write_5m - cache_write_1h - input_audio as input_quantity,
    cache_read as cache_read_quantity,
    cache_write_5m as cache_write_5m_quantity,
    cache_write_1h as cache_write_1h_quantity,
    output_tokens - reasoning as output_quantity,
    reasoning as reasoning_quantity,
    input_audio as input_audio_quantity,
    0 as output_audio_quantity,
    0 as input_image_quantity,
    0 as output_image_quantity,
    case when kind in (1, 2) and i % 25 = 0 then 2 else 0 end as web_search_quantity,
    1 as request_quantity,
    case
        when i % 200 = 0 then map(['file_search'], [3])
        else map(cast([] as varchar []), cast([] as bigint []))
    end as other_units
from counted
