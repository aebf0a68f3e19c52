-- Costs by day of a tenant's own calendar must sum to the calls of that day exactly, whatever the time zone.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.daily_costs_by_business_day
-- severity: error
-- todo: Do not publish; run `spanledger run` again, and report the example as a defect of Spanledger.
with touched as (
    select distinct d.day + a.days as business_day
    from ops.dirty_days as d
    cross join (values (-1), (0), (1)) as a (days)
),

totals as (
    select
        'daily' as source,
        tenant_id,
        business_day,
        cast(sum(calls) as bigint) as calls,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.daily_costs_by_business_day
    where business_day in (select t.business_day from touched as t)
    group by tenant_id, business_day
    union all
    select
        'by model' as source,
        tenant_id,
        business_day,
        cast(sum(calls) as bigint) as calls,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.costs_by_model_by_business_day
    where business_day in (select t.business_day from touched as t)
    group by tenant_id, business_day
    union all
    select
        'by operation' as source,
        tenant_id,
        business_day,
        cast(sum(calls) as bigint) as calls,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.costs_by_operation_by_business_day
    where business_day in (select t.business_day from touched as t)
    group by tenant_id, business_day
    union all
    select
        'calls' as source,
        tenant_id,
        business_day,
        count(*) as calls,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.calls
    where
        business_day in (select t.business_day from touched as t)
        and day in (select t.business_day + a.days from touched as t cross join (values (-1), (0), (1)) as a (days))
    group by tenant_id, business_day
)

select
    tenant_id || ' ' || cast(business_day as varchar) || ': ' || string_agg(
        source || ' ' || coalesce(cast(list_cost_usd as varchar), 'null') || ' USD in '
        || cast(calls as varchar) || ' calls', ', ' order by source
    ) as example,
    1 as weight
from totals
group by tenant_id, business_day
having
    count(*) <> 4
    or min(calls) <> max(calls)
    or min(coalesce(list_cost_usd, 0)) <> max(coalesce(list_cost_usd, 0))
    or min(coalesce(contracted_cost_usd, 0)) <> max(coalesce(contracted_cost_usd, 0))
    or count(list_cost_usd) not in (0, 4)
