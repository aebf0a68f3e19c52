-- What each tenant's models cost over the days asked for, dearest first. Averages are over calls; durations are
-- weighted by the calls of a day.
-- grain: tenant_id, provider, model
-- columns:
--   incomplete_calls: calls whose cost is not known, or not in full (calls)
--   cost_low_usd: lower bound of the list cost: what is priced (USD)
--   cost_high_usd: upper bound of the list cost (USD); null while anything has no price or no usage
-- variables: tenant (null = all), days (counted back from the newest day of the ledger; null = all)
with periods as (
    select
        /* keys */ tenant_id,
        provider,
        model /* end keys */,
        cast(sum(calls) as bigint) as calls,
        cast(sum(failed_calls) as bigint) as failed_calls,
        cast(sum(input_tokens) as bigint) as input_tokens,
        cast(sum(output_tokens) as bigint) as output_tokens,
        cast(sum(total_tokens) as bigint) as total_tokens,
        cast(sum(avg_duration_ms * calls) as bigint) as duration_ms,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        sum(reported_cost_usd) as reported_cost_usd,
        sum(cost_low_usd) as cost_low_usd,
        case when count(*) = count(cost_high_usd) then sum(cost_high_usd) end as cost_high_usd,
        cast(sum(unpriced_calls) as bigint) as unpriced_calls,
        cast(sum(partially_priced_calls) as bigint) as partially_priced_calls,
        cast(sum(usage_missing_calls) as bigint) as usage_missing_calls,
        cast(sum(usage_partial_calls) as bigint) as usage_partial_calls,
        cast(sum(priced_tokens) as bigint) as priced_tokens,
        cast(sum(unpriced_tokens) as bigint) as unpriced_tokens
    from /* mart */ marts.costs_by_model /* end mart */
    where
        tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
        and day > coalesce(
            (select max(d.day) from marts.daily_costs as d) - cast(getvariable('days') as integer), '-infinity'
        )
    group by /* keys */ tenant_id, provider, model /* end keys */
),

costed as (
    select
        *,
        calls - unpriced_calls - usage_missing_calls as costed_calls
    from periods
)

select
    /* keys */ tenant_id,
    provider,
    model /* end keys */,
    calls,
    failed_calls,
    input_tokens,
    output_tokens,
    total_tokens,
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
    cast(cost_low_usd as decimal(38, 12)) as cost_low_usd,
    cast(cost_high_usd as decimal(38, 12)) as cost_high_usd,
    unpriced_calls,
    partially_priced_calls,
    usage_missing_calls,
    usage_partial_calls,
    unpriced_calls + partially_priced_calls + usage_missing_calls + usage_partial_calls as incomplete_calls,
    unpriced_tokens,
    cast(
        cast((priced_tokens * 10000) // nullif(priced_tokens + unpriced_tokens, 0) as decimal(9, 0)) * 0.01
        as decimal(9, 2)
    ) as coverage_pct
from costed
order by tenant_id asc, contracted_cost_usd desc nulls last, /* keys */ tenant_id, provider, model /* end keys */
