-- Landing files were loaded again, because other bytes came under a known name; copies of a call count once.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.files
-- severity: warning
-- todo: Find out who writes to sealed files: a file of records is written once, and named anew for other bytes.
select
    path || ': loaded ' || cast(count(*) as varchar) || ' times' as example,
    count(*) - 1 as weight
from raw.files
group by path
having count(*) > 1
