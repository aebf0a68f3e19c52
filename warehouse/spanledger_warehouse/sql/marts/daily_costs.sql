-- Cost and usage per tenant and UTC day.
-- grain: tenant_id, day
-- materialized: by day
-- columns:
--   calls: billable calls (calls)
--   failed_calls: calls that failed (calls)
--   success_rate: share of calls that succeeded, 0 to 1, rounded down to four places
--   input_tokens: all input tokens, cache reads and writes included (tokens)
--   output_tokens: all output tokens, reasoning included (tokens)
--   total_tokens: input and output tokens (tokens)
--   uncached_input_tokens: plain input tokens, neither cached nor of another modality (tokens)
--   cache_read_tokens: input tokens read from a cache (tokens)
--   cache_write_5m_tokens: input tokens written to a cache for five minutes, or for a time that nobody stated (tokens)
--   cache_write_1h_tokens: input tokens written to a cache for one hour (tokens)
--   plain_output_tokens: plain output tokens (tokens)
--   reasoning_tokens: output tokens spent on reasoning (tokens)
--   input_audio_tokens: audio tokens in the input (tokens)
--   output_audio_tokens: audio tokens in the output (tokens)
--   input_image_tokens: image tokens in the input (tokens)
--   output_image_tokens: image tokens in the output (tokens)
--   web_searches: web searches made by providers (searches)
--   avg_duration_ms: average duration, rounded down (ms)
--   p50_duration_ms: median duration, as the upper bound of its bucket (ms)
--   p95_duration_ms: 95th percentile of the duration, as the upper bound of its bucket (ms)
--   avg_cost_usd: contracted cost per call whose cost is known, rounded half up to nine places (USD)
--   list_cost_usd: cost at list prices, exact (USD); null when no call has a known cost
--   contracted_cost_usd: cost at agreed prices, exact (USD); null when no call has a known cost
--   reported_cost_usd: cost that providers reported, exact (USD); null when none did
--   priced_calls: calls with every unit priced (calls)
--   partially_priced_calls: calls with a unit that has no price (calls)
--   unpriced_calls: calls without any price (calls)
--   free_calls: calls whose price is an explicit zero (calls)
--   default_priced_calls: calls priced by the operator's default (calls)
--   usage_missing_calls: calls whose usage is not known (calls)
--   no_usage_calls: calls that failed before any usage (calls)
--   usage_partial_calls: calls whose usage is known in part (calls)
--   priced_tokens: tokens that have a price (tokens)
--   unpriced_tokens: tokens that have none (tokens)
--   coverage_pct: priced tokens of all tokens, 0 to 100, rounded down to two places; null without tokens
--   cost_low_usd: lower bound of the list cost: what is priced (USD)
--   cost_high_usd: upper bound of the list cost (USD); null while anything has no price or no usage
--   complete_through: instant up to which every known source had delivered when this row was built (UTC)
with calls as (
    select
        *,
        date_trunc('hour', billed_at) as hour
    from ledger.published_costs
),

measures as (
    select
        /* keys */ tenant_id,
        day /* end keys */,
        count(*) filter (where part = 0) as calls,
        count(*) filter (where part = 0 and not success) as failed_calls,
        cast(sum(input_tokens) as bigint) as input_tokens,
        cast(sum(output_tokens) as bigint) as output_tokens,
        cast(sum(total_tokens) as bigint) as total_tokens,
        cast(sum(input_quantity) as bigint) as uncached_input_tokens,
        cast(sum(cache_read_quantity) as bigint) as cache_read_tokens,
        cast(sum(cache_write_5m_quantity) as bigint) as cache_write_5m_tokens,
        cast(sum(cache_write_1h_quantity) as bigint) as cache_write_1h_tokens,
        cast(sum(output_quantity) as bigint) as plain_output_tokens,
        cast(sum(reasoning_quantity) as bigint) as reasoning_tokens,
        cast(sum(input_audio_quantity) as bigint) as input_audio_tokens,
        cast(sum(output_audio_quantity) as bigint) as output_audio_tokens,
        cast(sum(input_image_quantity) as bigint) as input_image_tokens,
        cast(sum(output_image_quantity) as bigint) as output_image_tokens,
        cast(sum(web_search_quantity) as bigint) as web_searches,
        cast(sum(case when part = 0 then duration_ms end) as bigint) as duration_ms,
        count(contracted_cost_usd) filter (where part = 0) as costed_calls,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        count(*) filter (where part = 0 and cost_status = 'priced') as priced_calls,
        count(*) filter (where part = 0 and cost_status = 'partially_priced') as partially_priced_calls,
        count(*) filter (where part = 0 and cost_status = 'unpriced') as unpriced_calls,
        count(*) filter (where part = 0 and cost_status = 'free') as free_calls,
        count(*) filter (where part = 0 and cost_status = 'default_priced') as default_priced_calls,
        count(*) filter (where part = 0 and cost_status = 'usage_missing') as usage_missing_calls,
        count(*) filter (where part = 0 and cost_status = 'no_usage') as no_usage_calls,
        count(*) filter (where part = 0 and usage_status = 'partial') as usage_partial_calls,
        cast(sum(priced_tokens) as bigint) as priced_tokens,
        cast(sum(unpriced_tokens) as bigint) as unpriced_tokens
    from calls
    group by /* keys */ tenant_id, day /* end keys */
),

buckets as (
    select
        /* keys */ tenant_id,
        day /* end keys */,
        duration_bucket_ms,
        count(*) as bucket_calls
    from calls
    where part = 0
    group by /* keys */ tenant_id, day /* end keys */, duration_bucket_ms
),

running as (
    select
        /* keys */ tenant_id,
        day /* end keys */,
        duration_bucket_ms,
        sum(bucket_calls)
            over (partition by /* keys */ tenant_id, day /* end keys */ order by duration_bucket_ms)
            as calls_up_to,
        sum(bucket_calls) over (partition by /* keys */ tenant_id, day /* end keys */) as all_calls
    from buckets
),

percentiles as (
    select
        /* keys */ tenant_id,
        day /* end keys */,
        min(duration_bucket_ms) filter (where calls_up_to * 100 >= all_calls * 50) as p50_duration_ms,
        min(duration_bucket_ms) filter (where calls_up_to * 100 >= all_calls * 95) as p95_duration_ms
    from running
    group by /* keys */ tenant_id, day /* end keys */
),

-- The cost in whole billionths of a dollar and the thousandths of one that are left, for a division without a loss.
amounts as (
    select
        *,
        cast(floor(contracted_cost_usd * 1000000000) as bigint) as cost_nanos,
        cast(
            (contracted_cost_usd * 1000000000 - floor(contracted_cost_usd * 1000000000)) * 1000 as bigint
        ) as cost_picos
    from measures
)

select
    /* keys */ tenant_id,
    day /* end keys */,
    m.calls,
    m.failed_calls,
    cast(
        cast(((m.calls - m.failed_calls) * 10000) // nullif(m.calls, 0) as decimal(9, 0)) * 0.0001 as decimal(9, 4)
    ) as success_rate,
    m.input_tokens,
    m.output_tokens,
    m.total_tokens,
    m.uncached_input_tokens,
    m.cache_read_tokens,
    m.cache_write_5m_tokens,
    m.cache_write_1h_tokens,
    m.plain_output_tokens,
    m.reasoning_tokens,
    m.input_audio_tokens,
    m.output_audio_tokens,
    m.input_image_tokens,
    m.output_image_tokens,
    m.web_searches,
    m.duration_ms // nullif(m.calls, 0) as avg_duration_ms,
    p.p50_duration_ms,
    p.p95_duration_ms,
    cast(
        cast(
            m.cost_nanos // nullif(m.costed_calls, 0)
            + (
                2 * ((m.cost_nanos % nullif(m.costed_calls, 0)) * 1000 + m.cost_picos) + 1000 * m.costed_calls
            ) // nullif(2000 * m.costed_calls, 0) as decimal(19, 0)
        ) * 0.000000001 as decimal(38, 12)
    ) as avg_cost_usd,
    cast(m.list_cost_usd as decimal(38, 12)) as list_cost_usd,
    cast(m.contracted_cost_usd as decimal(38, 12)) as contracted_cost_usd,
    cast(m.reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    m.priced_calls,
    m.partially_priced_calls,
    m.unpriced_calls,
    m.free_calls,
    m.default_priced_calls,
    m.usage_missing_calls,
    m.no_usage_calls,
    m.usage_partial_calls,
    m.priced_tokens,
    m.unpriced_tokens,
    cast(
        cast((m.priced_tokens * 10000) // nullif(m.priced_tokens + m.unpriced_tokens, 0) as decimal(9, 0)) * 0.01
        as decimal(9, 2)
    ) as coverage_pct,
    cast(coalesce(m.list_cost_usd, 0) as decimal(38, 12)) as cost_low_usd,
    case
        when m.partially_priced_calls + m.unpriced_calls + m.usage_missing_calls + m.usage_partial_calls = 0
            then cast(coalesce(m.list_cost_usd, 0) as decimal(38, 12))
    end as cost_high_usd,
    (select t.complete_through from staging.complete_through as t) as complete_through
from amounts as m
inner join percentiles as p using (/* keys */ tenant_id, day /* end keys */)
