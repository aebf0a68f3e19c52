-- Spans of the last 35 days arrived more than once; each call is counted once.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.stg_calls
-- severity: info
-- todo: Nothing: duplicate delivery is expected.
select
    call_id || ': ' || disposition_rule as example,
    1 as weight
from staging.stg_calls
where disposition = 'duplicate' and day > (select max(d.day) from marts.daily_costs as d) - 35
