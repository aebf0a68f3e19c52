-- The audit trail of the named price rows, oldest first.
-- grain: price_id, action
-- parameters: price_ids
select *
from marts.price_audit
where list_contains($price_ids, price_id)
order by committed_at, seed_line, action
