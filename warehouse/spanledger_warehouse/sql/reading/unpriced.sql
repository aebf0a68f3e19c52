-- Usage that has no price: what a price administrator has to add, largest first.
-- grain: tenant_id, provider, model, pricing_context, pricing_region, unit
-- variables: tenant (null = all), days (counted back from the newest day of the ledger; null = all)
select
    tenant_id,
    provider,
    model,
    pricing_context,
    pricing_region,
    unit,
    min(reason) as reason,
    cast(sum(calls) as bigint) as calls,
    cast(sum(quantity) as bigint) as quantity,
    min(example_call_id) as example_call_id
from marts.unpriced_usage
where
    tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
    and day > coalesce(
        (select max(d.day) from marts.daily_costs as d) - cast(getvariable('days') as integer), '-infinity'
    )
group by tenant_id, provider, model, pricing_context, pricing_region, unit
order by quantity desc, tenant_id asc, provider asc, model asc, unit asc
