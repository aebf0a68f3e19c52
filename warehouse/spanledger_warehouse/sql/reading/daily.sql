-- What each tenant's days cost, and how much of their usage has a price.
-- grain: tenant_id, day
-- columns:
--   incomplete_calls: calls whose cost is not known, or not in full (calls)
-- variables: tenant (null = all), days (counted back from the newest day of the ledger; null = all)
select
    *,
    unpriced_calls + partially_priced_calls + usage_missing_calls + usage_partial_calls as incomplete_calls
from marts.daily_costs
where
    tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
    and day > coalesce(
        (select max(d.day) from marts.daily_costs as d) - cast(getvariable('days') as integer), '-infinity'
    )
order by tenant_id, day
