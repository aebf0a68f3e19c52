-- What each tenant's days cost, and how much of their usage has a price.
-- grain: tenant_id, day
-- parameters: $tenant (null = all), $days (counted back from the newest day of the ledger; null = all)
select *
from marts.daily_costs
where
    (cast($tenant as varchar) is null or tenant_id = $tenant)
    and (cast($days as integer) is null or day > (select max(d.day) from marts.daily_costs as d) - $days)
order by tenant_id, day
