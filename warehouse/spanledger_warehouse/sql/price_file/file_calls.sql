-- Rows of a usage file as calls, so that the ledger's own models price them. Every column of usage_rows is text. Rows of
-- one unit that share a call_id are parts of one request, whose input together chooses the tier.
-- grain: row_number
insert into staging.stg_calls by name
with counted as (
    select
        row_number,
        provider,
        model,
        coalesce(nullif(context, ''), 'standard') as context,
        coalesce(nullif(region, ''), 'global') as region,
        coalesce(nullif(tenant, ''), 'unattributed') as tenant,
        timezone('UTC', try_cast("timestamp" as timestamptz)) as billed_at,
        "timestamp" as timestamp_text,
        coalesce(nullif(call_id, ''), 'row ' || row_number) as request_id,
        nullif(unit, '') as unit,
        staging.as_count(quantity) as quantity,
        staging.as_count(input_tokens) as input_total,
        staging.as_count(output_tokens) as output_total,
        coalesce(staging.as_count(cache_read_tokens), 0) as cache_read,
        coalesce(staging.as_count(cache_write_5m_tokens), 0) as cache_write_5m,
        coalesce(staging.as_count(cache_write_1h_tokens), 0) as cache_write_1h,
        coalesce(staging.as_count(reasoning_tokens), 0) as reasoning,
        coalesce(staging.as_count(input_audio_tokens), 0) as input_audio,
        coalesce(staging.as_count(output_audio_tokens), 0) as output_audio,
        coalesce(staging.as_count(web_searches), 0) as web_searches,
        nullif(concat_ws(
            '; ',
            staging.count_issue('quantity', nullif(quantity, '')),
            staging.count_issue('input_tokens', nullif(input_tokens, '')),
            staging.count_issue('output_tokens', nullif(output_tokens, '')),
            staging.count_issue('cache_read_tokens', nullif(cache_read_tokens, '')),
            staging.count_issue('cache_write_5m_tokens', nullif(cache_write_5m_tokens, '')),
            staging.count_issue('cache_write_1h_tokens', nullif(cache_write_1h_tokens, '')),
            staging.count_issue('reasoning_tokens', nullif(reasoning_tokens, '')),
            staging.count_issue('input_audio_tokens', nullif(input_audio_tokens, '')),
            staging.count_issue('output_audio_tokens', nullif(output_audio_tokens, '')),
            staging.count_issue('web_searches', nullif(web_searches, ''))
        ), '') as count_issue
    from usage_rows
),

judged as (
    select
        *,
        coalesce(
            count_issue,
            case
                when billed_at is null then 'timestamp=' || coalesce(timestamp_text, 'null')
                when unit is not null and unit not in (select u.unit from pricing.units as u)
                    then 'unit=' || unit
                when coalesce(input_total, 0) < cache_read + cache_write_5m + cache_write_1h + input_audio
                    then 'input parts exceed input_tokens=' || coalesce(cast(input_total as varchar), 'null')
                when coalesce(output_total, 0) < reasoning + output_audio
                    then 'output parts exceed output_tokens=' || coalesce(cast(output_total as varchar), 'null')
            end
        ) as usage_issue
    from counted
),

inputs as (
    select
        j.* replace (
            case
                when j.unit is null then j.input_total
                else coalesce(
                    j.input_total,
                    cast(
                        sum(case when u.direction = 'input' and (u.parent <> '' or u.unit = 'input') then j.quantity end)
                            over (partition by j.request_id, j.provider, j.model)
                        as bigint
                    )
                )
            end as input_total
        )
    from judged as j
    left join pricing.units as u on j.unit = u.unit
),

units as (
    select
        *,
        case when unit = 'input' then quantity when unit is null then
            input_total - cache_read - cache_write_5m - cache_write_1h - input_audio end as input_quantity,
        case when unit = 'cache_read' then quantity when unit is null then cache_read end as cache_read_quantity,
        case when unit = 'cache_write_5m' then quantity when unit is null then cache_write_5m end
            as cache_write_5m_quantity,
        case when unit = 'cache_write_1h' then quantity when unit is null then cache_write_1h end
            as cache_write_1h_quantity,
        case when unit = 'output' then quantity when unit is null then output_total - reasoning - output_audio end
            as output_quantity,
        case when unit = 'reasoning' then quantity when unit is null then reasoning end as reasoning_quantity,
        case when unit = 'input_audio' then quantity when unit is null then input_audio end as input_audio_quantity,
        case when unit = 'output_audio' then quantity when unit is null then output_audio end
            as output_audio_quantity,
        case when unit = 'input_image' then quantity end as input_image_quantity,
        case when unit = 'output_image' then quantity end as output_image_quantity,
        case when unit = 'web_search' then quantity when unit is null then web_searches end as web_search_quantity
    from inputs
)

select
    cast(row_number as varchar) as call_id,
    0 as part,
    0 as copy,
    'billable' as disposition,
    tenant as tenant_id,
    'usage_file' as service,
    'unnamed' as operation,
    lower(coalesce(provider, 'unknown')) as provider,
    coalesce(model, 'unknown') as model_id,
    coalesce(billed_at, (select min(j.billed_at) from judged as j), timestamp '2020-01-01') as billed_at,
    cast(coalesce(billed_at, (select min(j.billed_at) from judged as j), timestamp '2020-01-01') as date) as day,
    true as success,
    1 as attempt,
    lower(context) as pricing_context,
    lower(region) as pricing_region,
    usage_issue,
    case
        when usage_issue is not null then 'missing'
        when unit is not null then case when quantity is null then 'missing' else 'complete' end
        when input_total is null and output_total is null and web_searches = 0 then 'missing'
        else 'complete'
    end as usage_status,
    case when usage_issue is null then input_total end as input_tokens,
    case when usage_issue is null then output_total end as output_tokens,
    case when usage_issue is null then coalesce(input_total, 0) + coalesce(output_total, 0) end as total_tokens,
    case when usage_issue is null then input_quantity end as input_quantity,
    case when usage_issue is null then cache_read_quantity end as cache_read_quantity,
    case when usage_issue is null then cache_write_5m_quantity end as cache_write_5m_quantity,
    case when usage_issue is null then cache_write_1h_quantity end as cache_write_1h_quantity,
    case when usage_issue is null then output_quantity end as output_quantity,
    case when usage_issue is null then reasoning_quantity end as reasoning_quantity,
    case when usage_issue is null then input_audio_quantity end as input_audio_quantity,
    case when usage_issue is null then output_audio_quantity end as output_audio_quantity,
    case when usage_issue is null then input_image_quantity end as input_image_quantity,
    case when usage_issue is null then output_image_quantity end as output_image_quantity,
    case when usage_issue is null then web_search_quantity end as web_search_quantity,
    case when unit is null then 1 else 0 end as request_quantity,
    case
        when usage_issue is null and unit not in (
            'input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'input_audio',
            'output_audio', 'input_image', 'output_image', 'web_search'
        ) then map([unit], [quantity])
        else map(cast([] as varchar []), cast([] as bigint []))
    end as other_units
from units;
