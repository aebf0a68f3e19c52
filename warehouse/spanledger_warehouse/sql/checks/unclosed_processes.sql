-- Processes of the last 35 days ended without closing their file; it was loaded up to the last whole line.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.segments
-- severity: info
-- todo: Nothing, unless lost_spans names the same process: a kill or a crash looks like this.
select distinct
    s.process || ' (' || coalesce(s.service, 'unknown service') || ')' as example,
    1 as weight
from raw.spans as s
inner join raw.files as f on s.file_id = f.file_id
where f.segments = 0 and s.process is not null and s.day > (select max(d.day) from marts.daily_costs as d) - 35
