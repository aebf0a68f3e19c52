-- The cost lines of one call, each with the price row that it used and where that row stands.
-- grain: call_id, part, unit
-- variables: call_id
select
    l.part,
    l.unit,
    l.quantity,
    l.unit_price,
    l.list_cost_usd,
    l.contracted_cost_usd,
    l.priced_as,
    l.price_id,
    p.provider,
    p.model,
    p.context,
    p.region,
    p.tier_above,
    p.price,
    p.per,
    p.currency,
    p.valid_from,
    p.valid_to,
    p.evidence_url,
    p.evidence_date,
    p.basis,
    p.note,
    p.file,
    p.seed_line,
    p.seed_commit,
    p.seed_author,
    p.committed_at,
    u.direction
from ledger.cost_lines as l
left join pricing.prices as p on l.price_id = p.price_id
left join pricing.units as u on l.unit = u.unit
where l.call_id = cast(getvariable('call_id') as varchar)
order by l.part, u.direction, u.parent nulls first, l.unit
