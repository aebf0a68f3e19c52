-- Usage of the window that has no price, largest first.
-- grain: tenant_id, provider, model, unit, reason
-- variables: tenant (null = all), first_day, last_day
select
    tenant_id,
    provider,
    model,
    unit,
    reason,
    cast(sum(calls) as bigint) as calls,
    cast(sum(quantity) as bigint) as quantity,
    min(example_call_id) as example_call_id
from marts.unpriced_usage
where
    day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
    and tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
group by tenant_id, provider, model, unit, reason
order by quantity desc, tenant_id asc, provider asc, model asc, unit asc, reason asc
limit 500
