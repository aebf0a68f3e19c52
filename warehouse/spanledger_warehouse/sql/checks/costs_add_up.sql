-- Daily, hourly, by-model and by-operation costs, calls and cost lines must agree exactly.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.daily_costs
-- severity: error
-- todo: Do not publish; run `spanledger run` again, and report the example as a defect of Spanledger.
with days as (
    select distinct day from ops.dirty_days
),

totals as (
    select
        'daily_costs' as source,
        tenant_id,
        day,
        cast(sum(calls) as bigint) as calls,
        cast(sum(total_tokens) as bigint) as tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.daily_costs
    where day in (select d.day from days as d)
    group by tenant_id, day
    union all
    select
        'costs_by_model' as source,
        tenant_id,
        day,
        cast(sum(calls) as bigint) as calls,
        cast(sum(total_tokens) as bigint) as tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.costs_by_model
    where day in (select d.day from days as d)
    group by tenant_id, day
    union all
    select
        'costs_by_operation' as source,
        tenant_id,
        day,
        cast(sum(calls) as bigint) as calls,
        cast(sum(total_tokens) as bigint) as tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.costs_by_operation
    where day in (select d.day from days as d)
    group by tenant_id, day
    union all
    select
        'hourly_costs' as source,
        tenant_id,
        day,
        cast(sum(calls) as bigint) as calls,
        cast(sum(total_tokens) as bigint) as tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.hourly_costs
    where day in (select d.day from days as d)
    group by tenant_id, day
    union all
    select
        'calls' as source,
        tenant_id,
        day,
        count(*) as calls,
        cast(sum(total_tokens) as bigint) as tokens,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.calls
    where day in (select d.day from days as d)
    group by tenant_id, day
)

select
    tenant_id || ' ' || cast(day as varchar) || ': ' || string_agg(
        source || ' ' || coalesce(cast(list_cost_usd as varchar), 'null') || ' USD in '
        || cast(calls as varchar) || ' calls', ', ' order by source
    ) as example,
    1 as weight
from totals
group by tenant_id, day
having
    count(*) <> 5
    or min(calls) <> max(calls)
    or min(coalesce(tokens, 0)) <> max(coalesce(tokens, 0))
    or min(coalesce(list_cost_usd, 0)) <> max(coalesce(list_cost_usd, 0))
    or min(coalesce(contracted_cost_usd, 0)) <> max(coalesce(contracted_cost_usd, 0))
    or count(list_cost_usd) not in (0, 5)
