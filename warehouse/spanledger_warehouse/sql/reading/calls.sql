-- The newest calls, newest first.
-- grain: call_id
-- variables: tenant (null = all), days (counted back from the newest day of the ledger; null = all), at_most
select *
from marts.recent_calls
where
    tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
    and day > coalesce(
        (select max(d.day) from marts.daily_costs as d) - cast(getvariable('days') as integer), '-infinity'
    )
order by billed_at desc, call_id asc
limit cast(getvariable('at_most') as bigint)
