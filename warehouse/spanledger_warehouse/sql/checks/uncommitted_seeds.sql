-- Prices were read from files that are not committed.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: pricing.seeds
-- severity: warning
-- todo: Commit the seeds and run again before anybody relies on the numbers.
select
    seeds_source || ' at ' || seeds_commit as example,
    1 as weight
from pricing.seeds
where seeds_state = 'uncommitted'
