-- A tenant's calls, without the operator's paths.
-- grain: call_id
select * replace (cast(null as varchar) as source_file, cast(null as bigint) as source_line)
from marts.calls
where tenant_id in (select unnest(getvariable('tenants')))
