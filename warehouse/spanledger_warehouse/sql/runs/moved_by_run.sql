-- What building the dirty days again moves, by tenant, day, model and operation; a call that changes any of these is
-- gone where it was and new where it is.
-- grain: kind, tenant_id, day, provider, model, operation
with before as (
    select
        call_id,
        part,
        tenant_id,
        day,
        provider,
        model,
        operation,
        contracted_cost_usd,
        cost_status
    from history.ledger.call_costs
    where day in (select d.day from ops.dirty_days as d)
),

after as (
    select
        call_id,
        part,
        tenant_id,
        day,
        provider,
        model,
        operation,
        contracted_cost_usd,
        cost_status
    from ledger.call_costs
),

paired as (
    select
        tenant_id,
        day,
        provider,
        model,
        operation,
        b.contracted_cost_usd as before_usd,
        a.contracted_cost_usd as after_usd,
        coalesce(b.cost_status, '') in ('unpriced', 'partially_priced') as was_open,
        coalesce(a.cost_status, '') in ('unpriced', 'partially_priced') as is_open
    from before as b
    full join after as a using (call_id, part, tenant_id, day, provider, model, operation)
    where a.contracted_cost_usd is distinct from b.contracted_cost_usd or a.cost_status is distinct from b.cost_status
)

select
    'past' as kind,
    tenant_id,
    day,
    provider,
    model,
    operation,
    count(*) as calls,
    cast(coalesce(sum(before_usd), 0) as decimal(38, 12)) as before_usd,
    cast(coalesce(sum(after_usd), 0) as decimal(38, 12)) as after_usd,
    count(*) filter (where was_open and not is_open) as newly_priced,
    count(*) filter (where is_open and not was_open) as no_longer_priced
from paired
group by tenant_id, day, provider, model, operation
order by day, tenant_id, provider, model, operation
