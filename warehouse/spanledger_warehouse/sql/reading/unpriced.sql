-- Usage that has no price: what a price administrator has to add, largest first.
-- grain: tenant_id, provider, model, pricing_context, pricing_region, unit
-- parameters: $tenant (null = all), $days (counted back from the newest day of the ledger; null = all)
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
    (cast($tenant as varchar) is null or tenant_id = $tenant)
    and (cast($days as integer) is null or day > (select max(d.day) from marts.daily_costs as d) - $days)
group by tenant_id, provider, model, pricing_context, pricing_region, unit
order by quantity desc, tenant_id, provider, model, unit
