-- The newest calls, newest first.
-- grain: call_id
-- parameters: $tenant (null = all), $days (counted back from the newest day of the ledger; null = all), $limit
select *
from marts.recent_calls
where
    (cast($tenant as varchar) is null or tenant_id = $tenant)
    and (cast($days as integer) is null or day > (select max(d.day) from marts.daily_costs as d) - $days)
order by billed_at desc, call_id
limit $limit
