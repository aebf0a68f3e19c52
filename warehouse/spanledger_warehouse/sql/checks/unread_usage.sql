-- Calls brought a usage object in which no decoding rule found a token: the provider's shape may have changed.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.stg_calls
-- severity: warning
-- todo: Upgrade Spanledger, or report the family with the example's object, which is kept and can be decoded later.
select
    f.path || ':' || cast(s.line as varchar) || ': ' || coalesce(s.usage_family, 'no family') || ' of '
    || coalesce(s.provider, 'unknown provider') as example,
    1 as weight
from staging.stg_calls as c
inner join raw.spans as s on c.file_id = s.file_id and c.line = s.line and c.day = s.day
inner join raw.files as f on s.file_id = f.file_id
where
    c.disposition = 'billable'
    and c.part = 0
    and c.success
    and c.usage_status = 'missing'
    and c.usage_issue is null
    and s.usage_raw is not null
    and s.day > (select max(d.day) from marts.daily_costs as d) - 35
