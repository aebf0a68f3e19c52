-- Calls of the last 35 days carry a usage that cannot be right; they are kept, marked usage_missing and never priced.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.stg_calls
-- severity: warning
-- todo: Mend the sender or the decoding rule; usage_issue names the unit and the value.
select
    f.path || ':' || cast(c.line as varchar) || ': ' || c.usage_issue as example,
    1 as weight
from staging.stg_calls as c
inner join raw.files as f on c.file_id = f.file_id
where
    c.usage_issue is not null
    and c.disposition = 'billable'
    and c.day > (select max(d.day) from marts.daily_costs as d) - 35
