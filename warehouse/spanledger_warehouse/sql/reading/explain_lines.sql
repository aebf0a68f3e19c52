-- The cost lines of one call, each with the price row that it used, where that row stands and who brought it; what
-- changed since its month was closed comes last.
-- grain: call_id, part, unit, tenant_id, charge_class
-- variables: call_id
with changes as (
    select
        price_id,
        commit_id,
        min(summary) as change_summary,
        min(approver) as approver
    from marts.price_audit
    group by price_id, commit_id
)

select
    l.part,
    l.unit,
    l.quantity,
    l.unit_price,
    l.list_cost_usd,
    l.contracted_cost_usd,
    l.charge_class,
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
    a.change_summary,
    a.approver,
    u.direction
from ledger.cost_lines as l
left join pricing.prices as p on l.price_id = p.price_id
left join changes as a on p.price_id = a.price_id and p.seed_commit = a.commit_id
left join pricing.units as u on l.unit = u.unit
where l.call_id = cast(getvariable('call_id') as varchar)
order by l.charge_class nulls first, l.part, u.direction, u.parent nulls first, l.unit
