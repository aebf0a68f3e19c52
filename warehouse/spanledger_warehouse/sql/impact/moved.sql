-- What moves, by tenant, day, model and operation; calls whose cost and status stay are left out.
-- grain: kind, tenant_id, day, provider, model, operation
with paired as (
    select
        case when starts_with(h.call_id, '>') then 'projected' else 'past' end as kind,
        h.tenant_id,
        h.day,
        h.provider,
        h.model,
        h.operation,
        coalesce(w.calls, 1) as calls,
        coalesce(b.contracted_cost_usd, 0) as before_usd,
        coalesce(h.contracted_cost_usd, 0) as after_usd,
        b.cost_status in ('unpriced', 'partially_priced') as was_open,
        h.cost_status in ('unpriced', 'partially_priced') as is_open
    from priced_head as h
    inner join priced_base as b on h.call_id = b.call_id and h.part = b.part
    left join weights as w on regexp_replace(h.call_id, '^>[0-9]+\|', '') = w.call_id
    where
        b.contracted_cost_usd is distinct from h.contracted_cost_usd
        or b.cost_status is distinct from h.cost_status
)

select
    kind,
    tenant_id,
    day,
    provider,
    model,
    operation,
    cast(sum(calls) as bigint) as calls,
    cast(sum(before_usd) as decimal(38, 12)) as before_usd,
    cast(sum(after_usd) as decimal(38, 12)) as after_usd,
    cast(coalesce(sum(calls) filter (where was_open and not is_open), 0) as bigint) as newly_priced,
    cast(coalesce(sum(calls) filter (where is_open and not was_open), 0) as bigint) as no_longer_priced
from paired
group by kind, tenant_id, day, provider, model, operation
order by kind, day, tenant_id, provider, model, operation
