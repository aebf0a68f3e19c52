-- The price rows that a tenant's own cost lines (copied before) name, without what people wrote beside them.
-- grain: price_id
select * replace (
    cast(null as varchar) as note,
    cast(null as varchar) as seed_author
)
from pricing.prices
where price_id in (select l.price_id from spanledger.ledger.cost_lines as l)
