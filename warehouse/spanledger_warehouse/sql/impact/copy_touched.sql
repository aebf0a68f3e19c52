-- The calls that a change touches.
-- grain: call_id, part
insert into staging.stg_calls by name
select u.*
from usage as u
where exists (
    select 1
    from touched as t
    where
        u.provider = t.provider
        and u.model_id = t.model_id
        and u.pricing_context = t.pricing_context
        and u.pricing_region = t.pricing_region
        and u.billed_at >= t.starts
        and u.billed_at < t.ends
)
