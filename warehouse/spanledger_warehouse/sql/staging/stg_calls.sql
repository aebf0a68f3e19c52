-- One row per call and part, whatever dialect it spoke; further copies of a span and roll-ups are kept and marked.
-- grain: call_id, part, copy
-- materialized: by day
-- columns:
--   part: 0 is the call; further parts are provider-side sub-calls on a model of their own
--   disposition: billable, rollup (a descendant carries the usage), duplicate, or not_llm
--   disposition_rule: why a row is not billable; null for billable rows, but aggregate for the sum of an agent beneath
--     which no call tells its usage
--   tenant_id: who pays; unattributed when neither the call nor a rule of attribution.csv names a tenant
--   sent_tenant_id: tenant that the call itself named; unattributed when it named none
--   billed_at: instant that decides price, day and month (UTC); the end of the call
--   business_day: day of billed_at in the tenant's time zone
--   duration_ms: duration of the call (ms)
--   duration_bucket_ms: duration rounded up to two significant digits (ms), the bucket of the latency histogram
--   success: whether the call succeeded
--   usage_status: complete, partial (tokens are there, but not all that were used, or nobody says so) or missing
--   model_id: model id that decides the price: the one that answered, else the one asked for
--   pricing_context: context of the price: standard, batch, flex, priority, fast …
--   pricing_region: region of the price as served; global when none was named
--   request_quantity: unit request: 1 for a call that was answered (requests)
--   other_units: units without a column of their own, as a map from unit to quantity
--   reported_cost: cost that the provider itself reported, in reported_cost_currency
with judged as (
    select
        s.*,
        coalesce(d.copy, 0) as copy,
        u.input_tokens,
        u.output_tokens,
        u.input_quantity,
        u.cache_read_quantity,
        coalesce(u.part, 0) as part,
        u.part_model,
        coalesce(u.other_units, map(cast([] as varchar []), cast([] as bigint []))) as other_units,
        u.cache_write_5m_quantity,
        u.cache_write_1h_quantity,
        u.input_audio_quantity,
        u.input_image_quantity,
        u.output_quantity,
        u.reasoning_quantity,
        u.output_audio_quantity,
        u.output_image_quantity,
        u.web_search_quantity,
        case
            when s.ended_at < s.started_at then 'ended before it started'
            when u.usage_issue is not null then u.usage_issue
            when s.usage_raw is not null and not json_valid(s.usage_raw) then 'usage_raw is not JSON'
        end as usage_issue,
        case
            when f.kind = 'agent' and not f.has_usage then 'agent_without_usage'
            when
                coalesce(s.provider, f.provider, s.gen_ai_operation, s.request_model, f.request_model) is null
                and coalesce(s.response_model, f.response_model, s.usage_raw) is null
                and not coalesce(f.has_usage, false)
                then 'no_llm_attributes'
            when d.copy > 0 then 'same_call'
            when r.rule is not null then r.rule
            when d.file_id is not null then 'same_response_id'
            when f.kind = 'agent' then 'aggregate'
        end as disposition_rule,
        f.dialect,
        f.usage_semantics,
        coalesce(f.provider, s.provider) as provider_name,
        coalesce(f.request_model, s.request_model) as request_model_name,
        coalesce(f.response_model, s.response_model) as response_model_name,
        coalesce(f.operation, s.operation) as operation_name,
        coalesce(f.service_tier, s.service_tier) as tier,
        coalesce(s.http_status, try_cast(f.http_status_text as integer)) as status,
        staging.succeeded(s.error_type, coalesce(s.http_status, try_cast(f.http_status_text as integer)), s.status_code)
            as success,
        coalesce(s.stream, f.stream) as streamed,
        coalesce(f.reported_cost_text, s.reported_cost_text) as reported,
        greatest(date_diff('millisecond', s.started_at, s.ended_at), 0) as duration_ms,
        coalesce(nullif(trim(s.tenant), ''), 'unattributed') as tenant_id
    from raw.spans as s
    inner join staging.stg_usage as u on s.day = u.day and s.file_id = u.file_id and s.line = u.line
    left join staging.stg_duplicates as d on s.day = d.day and s.file_id = d.file_id and s.line = d.line
    left join staging.stg_foreign_spans as f on s.day = f.day and s.file_id = f.file_id and s.line = f.line
    left join staging.stg_roll_ups as r on s.day = r.day and s.file_id = r.file_id and s.line = r.line
    where s.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

attributed as (
    select
        j.file_id,
        j.line,
        j.part,
        a.attribution,
        a.target_tenant
    from judged as j
    inner join pricing.attribution as a
        on
            j.ended_at >= a.valid_from
            and j.ended_at < a.valid_to
            and (a.tenant is null or j.tenant_id = a.tenant)
            and (a.service is null or coalesce(nullif(trim(j.service), ''), 'unknown_service') = a.service)
            and (a.operation is null or coalesce(nullif(trim(j.operation_name), ''), 'unnamed') = a.operation)
    where
        a.metadata_key is null
        or staging.metadata_value(j.request_metadata, a.metadata_key) = coalesce(
            a.metadata_value, staging.metadata_value(j.request_metadata, a.metadata_key)
        )
    qualify row_number() over (
        partition by j.file_id, j.line, j.part order by a.specificity desc, a.attribution asc
    ) = 1
)

select
    j.call_id,
    j.part,
    cast(j.copy as integer) as copy,
    case
        when coalesce(j.disposition_rule, 'aggregate') = 'aggregate' then 'billable'
        when j.disposition_rule in ('no_llm_attributes', 'agent_without_usage') then 'not_llm'
        when j.disposition_rule = 'usage_on_descendant' then 'rollup'
        else 'duplicate'
    end as disposition,
    j.disposition_rule,
    coalesce(b.target_tenant, j.tenant_id) as tenant_id,
    j.tenant_id as sent_tenant_id,
    b.attribution,
    coalesce(nullif(trim(j.service), ''), 'unknown_service') as service,
    j.environment,
    coalesce(nullif(trim(j.operation_name), ''), 'unnamed') as operation,
    lower(coalesce(nullif(trim(j.provider_name), ''), 'unknown')) as provider,
    j.request_model_name as request_model,
    j.response_model_name as response_model,
    j.response_id,
    coalesce(
        nullif(trim(j.part_model), ''),
        nullif(trim(j.response_model_name), ''),
        nullif(trim(j.request_model_name), ''),
        'unknown'
    ) as model_id,
    j.gen_ai_operation,
    j.streamed as stream,
    j.started_at,
    j.ended_at,
    j.ended_at as billed_at,
    j.day,
    cast(timezone(coalesce(t.time_zone, 'UTC'), timezone('UTC', j.ended_at)) as date) as business_day,
    j.duration_ms,
    case
        when j.duration_ms < 100 then j.duration_ms
        when j.duration_ms < 1000 then ((j.duration_ms + 9) // 10) * 10
        when j.duration_ms < 10000 then ((j.duration_ms + 99) // 100) * 100
        when j.duration_ms < 100000 then ((j.duration_ms + 999) // 1000) * 1000
        else ((j.duration_ms + 9999) // 10000) * 10000
    end as duration_bucket_ms,
    j.success,
    j.status as http_status,
    j.error_type,
    j.error_message,
    coalesce(j.attempt, 1) as attempt,
    j.request_metadata,
    j.response_metadata,
    coalesce(j.dialect, 'spanledger') as dialect,
    case
        when not staging.has_usage_object(j.usage_raw, j.usage_family) then coalesce(j.usage_semantics, 'inclusive')
        when j.usage_family in ('anthropic_messages', 'bedrock_converse', 'bedrock_invoke') then 'exclusive'
        else 'inclusive'
    end as usage_semantics,
    case
        when j.usage_issue is not null or (j.input_tokens is null and j.output_tokens is null) then 'missing'
        when j.input_tokens is null then 'partial'
        when j.output_tokens is null and coalesce(j.gen_ai_operation, '') <> 'embeddings' then 'partial'
        when coalesce(j.usage_status, 'complete') = 'complete' then 'complete'
        else 'partial'
    end as usage_status,
    j.usage_issue,
    case
        when coalesce(j.batch, false) then 'batch'
        when lower(coalesce(j.tier, '')) in ('', 'default', 'standard', 'auto', 'on_demand')
            then case when lower(j.speed) = 'fast' then 'fast' else 'standard' end
        else regexp_replace(lower(j.tier), '^on_demand_', '')
    end as pricing_context,
    coalesce(nullif(lower(j.region), ''), 'global') as pricing_region,
    j.tier as service_tier,
    coalesce(j.tier_assumed, false) as tier_assumed,
    j.region,
    coalesce(j.batch, false) as batch,
    case when j.usage_issue is null then j.input_tokens end as input_tokens,
    case when j.usage_issue is null then j.output_tokens end as output_tokens,
    case when j.usage_issue is null then coalesce(j.input_tokens, 0) + coalesce(j.output_tokens, 0) end as total_tokens,
    case when j.usage_issue is null then j.input_quantity end as input_quantity,
    case when j.usage_issue is null then j.cache_read_quantity end as cache_read_quantity,
    case when j.usage_issue is null then j.cache_write_5m_quantity end as cache_write_5m_quantity,
    case when j.usage_issue is null then j.cache_write_1h_quantity end as cache_write_1h_quantity,
    case when j.usage_issue is null then j.output_quantity end as output_quantity,
    case when j.usage_issue is null then j.reasoning_quantity end as reasoning_quantity,
    case when j.usage_issue is null then j.input_audio_quantity end as input_audio_quantity,
    case when j.usage_issue is null then j.output_audio_quantity end as output_audio_quantity,
    case when j.usage_issue is null then j.input_image_quantity end as input_image_quantity,
    case when j.usage_issue is null then j.output_image_quantity end as output_image_quantity,
    case when j.usage_issue is null then j.web_search_quantity end as web_search_quantity,
    case when j.success and j.part = 0 then 1 else 0 end as request_quantity,
    case
        when j.usage_issue is null then j.other_units
        else map(cast([] as varchar []), cast([] as bigint []))
    end as other_units,
    case when j.part = 0 then staging.as_amount(j.reported) end as reported_cost,
    case
        when j.part = 0
            then upper(coalesce(j.reported_cost_currency, case when j.reported is not null then 'USD' end))
    end as reported_cost_currency,
    j.trace_id,
    j.span_id,
    j.parent_span_id,
    j.process,
    j.sequence,
    j.file_id,
    j.line
from judged as j
left join attributed as b on j.file_id = b.file_id and j.line = b.line and j.part = b.part
left join pricing.tenants as t
    on coalesce(b.target_tenant, j.tenant_id) = t.tenant and j.ended_at >= t.valid_from and j.ended_at < t.valid_to
