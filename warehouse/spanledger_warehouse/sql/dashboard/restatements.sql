-- Changes of days of the window that had been published before, newest first.
-- grain: run_id, tenant_id, day
-- variables: tenant (null = all), first_day, last_day
select
    restated_at,
    tenant_id,
    day,
    cause,
    calls_before,
    calls_after,
    contracted_cost_usd_before,
    contracted_cost_usd_after,
    seeds_commit
from marts.restatements
where
    day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
    and tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
order by restated_at desc, tenant_id asc, day asc
limit 500
