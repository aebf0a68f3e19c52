-- What the last run wants a person to know, worst first; it is about all tenants, so one tenant's page goes without.
-- grain: check_name
-- variables: tenant (null = all)
select
    severity,
    check_name,
    violations,
    message,
    what_to_do,
    example
from marts.data_quality
where getvariable('tenant') is null
order by case severity when 'error' then 1 when 'warning' then 2 else 3 end, violations desc, check_name asc
