-- Every accepted span must be billable, a roll-up, a duplicate or not an LLM call, once.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.stg_calls
-- severity: error
-- todo: Do not publish; run `spanledger run` again, and report the example as a defect of Spanledger.
with days as (
    select distinct day from ops.dirty_days
),

received as (
    select
        day,
        count(*) as spans
    from raw.spans
    where day in (select d.day from days as d)
    group by day
),

staged_spans as (
    select distinct
        day,
        file_id,
        line
    from staging.stg_calls
    where day in (select d.day from days as d)
),

staged as (
    select
        day,
        count(*) as spans
    from staged_spans
    group by day
)

select
    cast(coalesce(r.day, s.day) as varchar) || ': ' || cast(coalesce(r.spans, 0) as varchar) || ' spans received, '
    || cast(coalesce(s.spans, 0) as varchar) || ' staged' as example,
    abs(coalesce(r.spans, 0) - coalesce(s.spans, 0)) as weight
from received as r
full join staged as s on r.day = s.day
where coalesce(r.spans, 0) <> coalesce(s.spans, 0)
