-- A tenant's calls, without the operator's paths and without the name of whom a call was taken from.
-- grain: call_id
select * replace (
    case when sent_tenant_id in (select unnest(getvariable('tenants'))) then sent_tenant_id end as sent_tenant_id,
    cast(null as varchar) as attribution,
    cast(null as varchar) as source_file,
    cast(null as bigint) as source_line
)
from marts.calls
where tenant_id in (select unnest(getvariable('tenants')))
