-- One row per call and part, whatever dialect it spoke; further copies of a span and roll-ups are kept and marked.
-- grain: call_id, part, copy
-- materialized: by day
-- columns:
--   part: 0 is the call; further parts are provider-side sub-calls on a model of their own
--   copy: 0 is the row that counts; 1, 2 … are further copies of the same call
--   disposition: billable, rollup (a descendant carries the usage), duplicate, or not_llm
--   disposition_rule: why a row is not billable; null for billable rows
--   tenant_id: who pays; unattributed when neither the call nor a rule of attribution.csv names a tenant
--   sent_tenant_id: tenant that the call itself named; unattributed when it named none
--   billed_at: instant that decides price, day and month (UTC); the end of the call
--   business_day: day of billed_at in the tenant's time zone
--   duration_ms: duration of the call (ms)
--   duration_bucket_ms: duration rounded up to two significant digits (ms), the bucket of the latency histogram
--   success: whether the call succeeded
--   dialect: whose conventions the span speaks
--   usage_semantics: whether input tokens include cache: inclusive or exclusive, as sent
--   usage_status: complete, partial (tokens are there, but not all that were used, or nobody says so) or missing
--   model_id: model id that decides the price: the one that answered, else the one asked for
--   pricing_context: context of the price: standard, batch, flex, priority, fast …
--   pricing_region: region of the price as served; global when none was named
--   request_quantity: unit request: 1 for a call that was answered (requests)
--   other_units: units without a column of their own, as a map from unit to quantity
--   reported_cost: cost that the provider itself reported, in reported_cost_currency
with nearby as (
    select
        file_id,
        line,
        call_id,
        nullif(trim(response_id), '') as response_id,
        ended_at,
        struct_pack(
            usage_rank := case
                when usage_status = 'complete' then 0
                when usage_status = 'partial' then 1
                when
                    usage_status is null and coalesce(usage_raw, input_tokens_text, output_tokens_text) is not null
                    then 1
                else 2
            end,
            scope_rank := case when scope = 'spanledger' then 0 else 1 end,
            ended_at := ended_at,
            call_id := call_id,
            content_hash := content_hash,
            file_id := file_id,
            line := line
        ) as precedence
    from raw.spans
    where
        day between cast(getvariable('from_day') as date) - 35 and cast(getvariable('to_day') as date) + 35
        and (
            day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
            or call_id in (
                select s.call_id from raw.spans as s
                where s.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
            )
            or response_id in (
                select s.response_id from raw.spans as s
                where
                    s.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
                    and s.response_id is not null
            )
        )
),

-- A row gives way to the first by `precedence` within 35 days of it, so what a row is depends on no other days,
-- whichever days are built together; the first of all gives way to none.
same_call as (
    select
        file_id,
        line,
        row_number() over (partition by call_id order by precedence) - 1 as copy,
        min(precedence) over window_of_call < precedence as gives_way
    from nearby
    where
        call_id in (
            select n.call_id from nearby as n
            group by n.call_id
            having count(*) > 1
        )
    window window_of_call as (
        partition by call_id order by ended_at
        range between interval 35 days preceding and interval 35 days following
    )
),

same_answer as (
    select
        file_id,
        line,
        min(precedence) over window_of_answer as first,
        call_id
    from nearby
    where
        response_id in (
            select n.response_id from nearby as n
            group by n.response_id
            having count(distinct n.call_id) > 1
        )
    window window_of_answer as (
        partition by response_id order by ended_at
        range between interval 35 days preceding and interval 35 days following
    )
),

judged as (
    select
        s.*,
        case when c.gives_way then c.copy else 0 end as copy,
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
            when
                s.provider is null and s.gen_ai_operation is null and s.request_model is null
                and s.response_model is null and s.usage_raw is null
                then 'no_llm_attributes'
            when c.gives_way then 'same_call'
            when a.first.call_id <> a.call_id then 'same_response_id'
        end as disposition_rule,
        (
            s.error_type is null and coalesce(s.http_status, 200) < 400 and coalesce(s.status_code, 'unset') <> 'error'
        ) as success,
        greatest(date_diff('millisecond', s.started_at, s.ended_at), 0) as duration_ms,
        coalesce(nullif(trim(s.tenant), ''), 'unattributed') as tenant_id
    from raw.spans as s
    inner join staging.stg_usage as u on s.day = u.day and s.file_id = u.file_id and s.line = u.line
    left join same_call as c on s.file_id = c.file_id and s.line = c.line
    left join same_answer as a on s.file_id = a.file_id and s.line = a.line
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
            and (a.operation is null or coalesce(nullif(trim(j.operation), ''), 'unnamed') = a.operation)
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
        when j.disposition_rule is null then 'billable'
        when j.disposition_rule = 'no_llm_attributes' then 'not_llm'
        else 'duplicate'
    end as disposition,
    j.disposition_rule,
    coalesce(b.target_tenant, j.tenant_id) as tenant_id,
    j.tenant_id as sent_tenant_id,
    b.attribution,
    coalesce(nullif(trim(j.service), ''), 'unknown_service') as service,
    j.environment,
    coalesce(nullif(trim(j.operation), ''), 'unnamed') as operation,
    lower(coalesce(nullif(trim(j.provider), ''), 'unknown')) as provider,
    j.request_model,
    j.response_model,
    j.response_id,
    coalesce(
        nullif(trim(j.part_model), ''), nullif(trim(j.response_model), ''), nullif(trim(j.request_model), ''), 'unknown'
    ) as model_id,
    j.gen_ai_operation,
    j.stream,
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
    j.http_status,
    j.error_type,
    j.error_message,
    coalesce(j.attempt, 1) as attempt,
    j.request_metadata,
    j.response_metadata,
    case when j.scope = 'spanledger' then 'spanledger' else 'gen_ai' end as dialect,
    case
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
        when lower(coalesce(j.service_tier, '')) in ('', 'default', 'standard', 'auto', 'on_demand')
            then case when lower(j.speed) = 'fast' then 'fast' else 'standard' end
        else regexp_replace(lower(j.service_tier), '^on_demand_', '')
    end as pricing_context,
    coalesce(nullif(lower(j.region), ''), 'global') as pricing_region,
    j.service_tier,
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
    case when j.part = 0 then staging.as_amount(j.reported_cost_text) end as reported_cost,
    case
        when j.part = 0
            then upper(coalesce(j.reported_cost_currency, case when j.reported_cost_text is not null then 'USD' end))
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
