-- Calls named no tenant; they are billed to the tenant `unattributed`.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.stg_calls
-- severity: warning
-- todo: Set the tenant where the call is made: `spanledger.context(tenant=…)`.
select
    f.path || ':' || cast(c.line as varchar) || ': operation ' || c.operation || ' of ' || c.service as example,
    1 as weight
from staging.stg_calls as c
inner join raw.files as f on c.file_id = f.file_id
where c.tenant_id = 'unattributed' and c.disposition = 'billable'
