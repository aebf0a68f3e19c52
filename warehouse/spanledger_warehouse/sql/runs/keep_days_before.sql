-- What the days to be built cost until now, kept until the result is published: a run that dies half-way must not
-- take its own half-done numbers for what was there before. A row without a tenant says that the day is kept.
-- grain: day, tenant_id
insert into ops.days_before by name
with to_keep as (
    select unnest(cast($days as date [])) as day
)

select
    d.tenant_id,
    d.day,
    d.calls,
    d.list_cost_usd,
    d.contracted_cost_usd
from marts.daily_costs as d
where
    d.day in (select k.day from to_keep as k)
    and d.day not in (select b.day from ops.days_before as b)
union all
select
    null as tenant_id,
    k.day,
    null as calls,
    null as list_cost_usd,
    null as contracted_cost_usd
from to_keep as k
where k.day not in (select b.day from ops.days_before as b)
