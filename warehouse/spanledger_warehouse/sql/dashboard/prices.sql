-- The history of the list prices of the models used in the window, newest first.
-- grain: price_id
-- variables: tenant (null = all), first_day, last_day
with used as (
    select
        provider,
        model
    from marts.costs_by_model
    where
        day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
        and tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
    group by provider, model
)

select
    p.provider,
    p.model,
    p.unit,
    p.context,
    p.region,
    p.tier_above,
    p.price,
    p.per,
    p.currency,
    p.valid_from,
    case when p.valid_to < timestamp '9999-01-01' then p.valid_to end as valid_to,
    p.basis,
    p.evidence_url,
    p.price_id
from pricing.prices as p
inner join used as u on p.provider = u.provider and p.model = u.model
where p.in_force
order by p.provider asc, p.model asc, p.context asc, p.unit asc, p.tier_above asc, p.valid_from desc, p.price_id asc
limit 500
