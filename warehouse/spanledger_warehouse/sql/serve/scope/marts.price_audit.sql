-- The changes of a tenant's own contracts, and of the price rows that its own cost lines (copied before) name.
-- Reasons are free text and may speak of anybody; who wrote, signed and committed a change is the operator's business.
-- grain: price_id, action
select
    price_id,
    action,
    tenant_id,
    provider,
    model,
    unit,
    context,
    effective_from,
    old_price,
    new_price,
    summary,
    committed_at,
    commit_id,
    approver,
    evidence_url,
    file,
    seed_line
from marts.price_audit
where
    tenant_id in (select unnest(getvariable('tenants')))
    or (
        coalesce(tenant_id, '') = ''
        and price_id in (select l.price_id from spanledger.ledger.cost_lines as l)
    )
