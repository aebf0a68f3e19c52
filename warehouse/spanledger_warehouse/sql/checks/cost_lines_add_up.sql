-- Cost lines must sum to what is published, and with their corrections to what is known now, exactly.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.cost_lines
-- severity: error
-- todo: Do not publish; run `spanledger run` again, and report the example as a defect of Spanledger.
with days as (
    select distinct day from ops.dirty_days
),

lines as (
    select
        tenant_id,
        day,
        sum(list_cost_usd) filter (where charge_class is null) as published_list,
        sum(contracted_cost_usd) filter (where charge_class is null) as published_contracted,
        sum(list_cost_usd) as known_list,
        sum(contracted_cost_usd) as known_contracted
    from ledger.cost_lines
    where day in (select d.day from days as d)
    group by tenant_id, day
),

published as (
    select
        tenant_id,
        day,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from marts.daily_costs
    where day in (select d.day from days as d)
    group by tenant_id, day
),

known as (
    select
        tenant_id,
        day,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from ledger.call_costs
    where day in (select d.day from days as d)
    group by tenant_id, day
),

compared as (
    select
        'as published' as what,
        coalesce(p.tenant_id, l.tenant_id) as tenant_id,
        coalesce(p.day, l.day) as day,
        coalesce(p.list_cost_usd, 0) as list_cost,
        coalesce(p.contracted_cost_usd, 0) as contracted_cost,
        coalesce(l.published_list, 0) as list_of_lines,
        coalesce(l.published_contracted, 0) as contracted_of_lines
    from published as p
    full join lines as l on p.tenant_id = l.tenant_id and p.day = l.day
    union all
    select
        'as known now' as what,
        coalesce(k.tenant_id, l.tenant_id) as tenant_id,
        coalesce(k.day, l.day) as day,
        coalesce(k.list_cost_usd, 0) as list_cost,
        coalesce(k.contracted_cost_usd, 0) as contracted_cost,
        coalesce(l.known_list, 0) as list_of_lines,
        coalesce(l.known_contracted, 0) as contracted_of_lines
    from known as k
    full join lines as l on k.tenant_id = l.tenant_id and k.day = l.day
)

select
    tenant_id || ' ' || cast(day as varchar) || ' ' || what || ': ' || cast(list_cost as varchar) || ' USD, lines '
    || cast(list_of_lines as varchar) || ' USD' as example,
    1 as weight
from compared
where list_cost <> list_of_lines or contracted_cost <> contracted_of_lines
