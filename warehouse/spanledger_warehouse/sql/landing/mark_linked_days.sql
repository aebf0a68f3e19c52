-- Days whose calls change because spans of other days became, or stopped being, the ones that count: those that share a
-- key with a fresh span, and those that share an answer with a span of a fresh span's trace, whose place in its tree may
-- have changed.
-- grain: day
insert into ops.dirty_days (day, cause, detail, run_id)
with fresh as (
    select distinct
        day,
        call_id,
        trim(response_id) as response_id,
        trace_id
    from raw.spans
    where file_id > $linked_file_id
),

touched as (
    select * from staging.links
    where
        (kind = 'call' and key in (select f.call_id from fresh as f))
        or (kind = 'answer' and key in (select f.response_id from fresh as f))
        or (kind = 'trace' and key in (select f.trace_id from fresh as f))
),

answers as (
    select * from staging.links
    where kind = 'answer'
),

places as (
    select
        day,
        key as trace_id
    from touched
    where kind = 'trace'
    union
    select
        day,
        trace_id
    from fresh
    where trace_id is not null and (select count(*) from answers) > 0
),

kin as (
    select distinct trim(s.response_id) as response_id
    from raw.spans as s
    inner join places as p on s.day = p.day and s.trace_id = p.trace_id
    where trim(s.response_id) in (select a.key from answers as a)
),

days as (
    select day from touched
    union
    select a.day
    from answers as a
    inner join kin as k on a.key = k.response_id
)

select
    day,
    'spans' as cause,
    'spans of other days' as detail,
    $run_id as run_id
from days
where day not in (select d.day from ops.dirty_days as d where d.run_id = $run_id)
