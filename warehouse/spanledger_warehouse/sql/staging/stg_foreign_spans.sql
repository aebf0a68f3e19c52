-- Spans of other instrumentations: which dialect each speaks, whether it is a call or something that calls, and its
-- facts under our names. The dialects are the table otlp/dialects.csv. Where a dialect does not say whether input
-- contains the cache, its total does, else the sizes do; else it is taken to, as the conventions ask, and marked
-- assumed.
-- grain: file_id, line
-- materialized: by day
-- columns:
--   dialect: whose conventions the span speaks
--   kind: call (of a provider), agent (an agent, chain, tool or workflow, which calls), or other (neither)
--   has_usage_object: whether it carries a provider's own usage object, of a family that is decoded
--   has_usage: whether it carries any count of tokens, or a provider's usage object
--   usage_semantics: whether input tokens include cache: inclusive or exclusive, as sent; assumed where nobody says
--   cache_read_text: input tokens read from a cache
--   http_status_text: HTTP status, as sent
--   reported_cost_text: cost that the emitter itself reported, as sent
with read as (
    select
        *,
        staging.known_attributes(attributes) as a
    from raw.spans
    where
        scope is distinct from 'spanledger'
        and day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

named as (
    select
        *,
        staging.dialect_of(a) as dialect
    from read
),

facts as (
    select
        *,
        staging.facts_of(a, dialect) as f,
        staging.kind_of(a, dialect) as kind
    from named
),

counted as (
    select
        *,
        regexp_replace(
            lower(nullif(trim(f.provider), '')),
            '[.](chat|responses|completion|embedding|messages|image|speech|transcription|generative-ai)$', ''
        ) as provider_name,
        staging.as_count(f.input) as input_count,
        coalesce(staging.as_count(f.output), 0) as output_count,
        staging.as_count(f.total) as total_count,
        coalesce(staging.as_count(f.cache_read), 0) + coalesce(
            staging.as_count(f.cache_write),
            coalesce(staging.as_count(f.cache_write_5m), 0) + coalesce(staging.as_count(f.cache_write_1h), 0)
        ) as cached
    from facts
),

judged as (
    select
        *,
        coalesce(
            staging.cache_semantics(a, dialect, provider_name),
            case
                when total_count = input_count + output_count + cached then 'exclusive'
                when total_count = input_count + output_count then 'inclusive'
            end
        ) as stated_semantics,
        staging.excludes_reasoning(a, dialect, provider_name) as reasoning_is_outside,
        -- Gemini's thoughts are in its total, but some emitters leave them out of the output.
        case
            when
                regexp_matches(provider_name, 'google|gemini|vertex')
                and total_count > input_count + output_count
                then cast(total_count - input_count as varchar)
        end as output_with_thoughts
    from counted
)

select
    file_id,
    line,
    day,
    call_id,
    trace_id,
    span_id,
    parent_span_id,
    started_at,
    ended_at,
    dialect,
    coalesce(
        kind,
        case
            when
                coalesce(f.request_model, f.response_model, f.input, f.output, f.total, usage_raw) is not null
                then 'call'
            else 'other'
        end
    ) as kind,
    staging.has_usage_object(usage_raw, usage_family) as has_usage_object,
    coalesce(nullif(f.input, '0'), nullif(f.output, '0'), nullif(f.total, '0'), usage_raw) is not null as has_usage,
    case
        when cached = 0 then coalesce(stated_semantics, 'inclusive')
        when stated_semantics = 'inclusive' and cached > input_count then 'exclusive'
        when stated_semantics is not null then stated_semantics
        when cached > input_count then 'exclusive'
        else 'assumed'
    end as usage_semantics,
    provider_name as provider,
    f.request_model,
    f.response_model,
    f.operation,
    f.service_tier,
    try_cast(f.stream as boolean) as stream,
    f.http_status as http_status_text,
    f.reported_cost as reported_cost_text,
    f.input as input_text,
    coalesce(
        output_with_thoughts,
        case when reasoning_is_outside then staging.sum_of(f.output, f.reasoning) else f.output end
    ) as output_text,
    coalesce(f.reasoning, cast(try_cast(output_with_thoughts as bigint) - output_count as varchar)) as reasoning_text,
    f.cache_read as cache_read_text,
    case
        when coalesce(f.cache_write_5m, f.cache_write_1h) is null then f.cache_write
        else staging.rest_of(f.cache_write, f.cache_write_5m, f.cache_write_1h)
    end as cache_write_text,
    f.cache_write_5m as cache_write_5m_text,
    f.cache_write_1h as cache_write_1h_text,
    f.input_audio as input_audio_text,
    f.output_audio as output_audio_text,
    f.input_image as input_image_text,
    f.output_image as output_image_text,
    -- A total is checked unless it is what the emitter adds up by its own lights.
    case
        when output_with_thoughts is not null then null
        when total_count in (input_count + output_count, input_count + output_count + cached) then null
        when reasoning_is_outside and total_count >= input_count + output_count then null
        else f.total
    end as total_text
from judged
