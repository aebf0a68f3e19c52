-- The audit trail of prices: who changed what, when, why, by whose approval, on which evidence.
-- grain: price_id, action, commit_id
-- materialized: full
select *
from pricing.price_audit
