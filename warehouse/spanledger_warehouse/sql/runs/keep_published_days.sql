-- What each day costs in the published file, for the restatements of a rebuild.
-- grain: day, tenant_id
insert into ops.days_before by name
select
    tenant_id,
    day,
    calls,
    list_cost_usd,
    contracted_cost_usd
from published.marts.daily_costs
union all
select distinct
    null as tenant_id,
    day,
    null as calls,
    null as list_cost_usd,
    null as contracted_cost_usd
from published.marts.daily_costs
