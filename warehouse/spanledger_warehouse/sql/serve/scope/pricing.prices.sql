-- The price rows that a tenant's own cost lines name, without what people wrote beside them.
-- grain: price_id
select * replace (
    cast(null as varchar) as note,
    cast(null as varchar) as seed_author
)
from pricing.prices
where price_id in (
    select l.price_id
    from ledger.cost_lines as l
    where list_contains(getvariable('tenants'), l.tenant_id)
)
