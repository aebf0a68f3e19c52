-- Calls of the last 35 days named no tenant; they are billed to the tenant `unattributed`.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.costs_by_operation
-- severity: warning
-- todo: Set the tenant where the call is made, `spanledger.context(tenant=…)`, or by a rule of attribution.csv.
with recent as (
    select *
    from marts.costs_by_operation
    where day > (select max(c.day) from marts.costs_by_operation as c) - 35
),

everything as (
    select sum(calls) as calls
    from recent
)

select
    'operation ' || r.operation || ' of ' || r.service || ': ' || cast(sum(r.calls) as varchar) || ' of all '
    || cast(min(e.calls) as varchar) || ' calls, ' || coalesce(cast(sum(r.contracted_cost_usd) as varchar), 'unknown')
    || ' USD' as example,
    sum(r.calls) as weight
from recent as r
cross join everything as e
where r.tenant_id = 'unattributed'
group by r.service, r.operation
