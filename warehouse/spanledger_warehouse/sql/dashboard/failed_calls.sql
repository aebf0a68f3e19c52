-- The newest failed calls of the window, newest first.
-- grain: call_id
-- variables: tenant (null = all), first_day, last_day
select *
from marts.failed_calls
where
    day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
    and tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
order by billed_at desc, call_id asc
limit 100
