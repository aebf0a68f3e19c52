-- The spans of whom something is to be erased: of a tenant, or with a value of the caller's metadata or of an attribute.
-- A tenant that a rule attributed is kept: the metadata that the rule asks for may be what is erased.
-- grain: file_id, line
create or replace temp table erased_lines as
select
    s.file_id,
    s.line,
    s.day,
    min(case when c.attribution is not null then c.tenant_id end) as attributed_tenant
from raw.spans as s
left join staging.stg_calls as c on s.file_id = c.file_id and s.line = c.line and s.day = c.day
where
    case
        when $tenant is not null then s.tenant = $tenant or c.tenant_id = $tenant
        else
            json_extract_string(case when json_valid(s.request_metadata) then s.request_metadata end, $pointer) = $value
            or json_extract_string(s.attributes, $pointer) = $value
    end
group by s.file_id, s.line, s.day
