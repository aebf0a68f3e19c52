-- Cost and usage of a window by the keys asked for, and their sum: row 0. The commented places are filled from closed
-- lists of our own names; values are parameters.
-- grain: the keys; place
-- columns:
--   place: position in the order of the question; 0 is the sum of all rows
--   rows_in_all: rows of the question, not of the page (rows)
--   incomplete_calls: calls whose cost is not known, or not in full (calls)
-- parameters: from_day, to_day, skip, take, those of the filters and of the source
with measured as (
    select
        /* keys */
        cast(sum(calls) as bigint) as calls,
        cast(sum(failed_calls) as bigint) as failed_calls,
        cast(sum(input_tokens) as bigint) as input_tokens,
        cast(sum(output_tokens) as bigint) as output_tokens,
        cast(sum(total_tokens) as bigint) as total_tokens,
        cast(sum(uncached_input_tokens) as bigint) as uncached_input_tokens,
        cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
        cast(sum(cache_write_5m_tokens) as bigint) as cache_write_5m_tokens,
        cast(sum(cache_write_1h_tokens) as bigint) as cache_write_1h_tokens,
        cast(sum(plain_output_tokens) as bigint) as plain_output_tokens,
        cast(sum(reasoning_tokens) as bigint) as reasoning_tokens,
        cast(sum(input_audio_tokens) as bigint) as input_audio_tokens,
        cast(sum(output_audio_tokens) as bigint) as output_audio_tokens,
        cast(sum(input_image_tokens) as bigint) as input_image_tokens,
        cast(sum(output_image_tokens) as bigint) as output_image_tokens,
        cast(sum(web_searches) as bigint) as web_searches,
        cast(sum(avg_duration_ms * calls) as bigint) as duration_ms,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        cast(sum(priced_calls) as bigint) as priced_calls,
        cast(sum(partially_priced_calls) as bigint) as partially_priced_calls,
        cast(sum(unpriced_calls) as bigint) as unpriced_calls,
        cast(sum(free_calls) as bigint) as free_calls,
        cast(sum(default_priced_calls) as bigint) as default_priced_calls,
        cast(sum(usage_missing_calls) as bigint) as usage_missing_calls,
        cast(sum(no_usage_calls) as bigint) as no_usage_calls,
        cast(sum(usage_partial_calls) as bigint) as usage_partial_calls,
        cast(sum(priced_tokens) as bigint) as priced_tokens,
        cast(sum(unpriced_tokens) as bigint) as unpriced_tokens
    from /* source */
    where
        /* day */ between $from_day and $to_day
        /* filters */
    group by all
),

placed as (
    select
        *,
        row_number() over (order by /* order */) as place
    from measured
    where calls is not null
),

chosen as (
    select
        *,
        (select count(*) from placed) as rows_in_all
    from placed
    where place > $skip and place <= $skip + $take
    union all by name
    select
        sum(columns(* exclude (/* key names */ place))) as '\0',
        0 as place,
        (select count(*) from placed) as rows_in_all
    from placed
),

costed as (
    select
        *,
        calls - unpriced_calls - usage_missing_calls as costed_calls,
        unpriced_calls + partially_priced_calls + usage_missing_calls + usage_partial_calls as incomplete_calls
    from chosen
)

select
    place,
    rows_in_all,
    /* key names */
    coalesce(calls, 0) as calls,
    coalesce(failed_calls, 0) as failed_calls,
    cast(cast(((calls - failed_calls) * 10000) // nullif(calls, 0) as decimal(9, 0)) * 0.0001 as decimal(9, 4))
        as success_rate,
    input_tokens,
    output_tokens,
    total_tokens,
    uncached_input_tokens,
    cache_read_tokens,
    cache_write_5m_tokens,
    cache_write_1h_tokens,
    plain_output_tokens,
    reasoning_tokens,
    input_audio_tokens,
    output_audio_tokens,
    input_image_tokens,
    output_image_tokens,
    web_searches,
    input_tokens // nullif(calls, 0) as avg_input_tokens,
    output_tokens // nullif(calls, 0) as avg_output_tokens,
    duration_ms // nullif(calls, 0) as avg_duration_ms,
    cast(
        cast(
            (cast(contracted_cost_usd * 1000000000 as hugeint) * 2 + costed_calls)
            // nullif(2 * costed_calls, 0) as decimal(26, 0)
        ) * 0.000000001 as decimal(38, 12)
    ) as avg_cost_usd,
    cast(list_cost_usd as decimal(38, 12)) as list_cost_usd,
    cast(contracted_cost_usd as decimal(38, 12)) as contracted_cost_usd,
    cast(reported_cost_usd as decimal(38, 12)) as reported_cost_usd,
    priced_calls,
    partially_priced_calls,
    unpriced_calls,
    free_calls,
    default_priced_calls,
    usage_missing_calls,
    no_usage_calls,
    usage_partial_calls,
    incomplete_calls,
    priced_tokens,
    unpriced_tokens,
    cast(
        cast((priced_tokens * 10000) // nullif(priced_tokens + unpriced_tokens, 0) as decimal(9, 0)) * 0.01
        as decimal(9, 2)
    ) as coverage_pct,
    cast(coalesce(list_cost_usd, 0) as decimal(38, 12)) as cost_low_usd,
    case when coalesce(incomplete_calls, 0) = 0 then cast(coalesce(list_cost_usd, 0) as decimal(38, 12)) end
        as cost_high_usd
from costed
order by place
