-- Days whose calls change because of what this run loaded: the days of the new spans, and the days on which a
-- span of the same call or with the same response id (within 35 days) was already there.
-- grain: day
insert into ops.dirty_days (day, cause, detail, run_id)
with fresh as (
    select day, call_id, response_id
    from raw.spans
    where file_id >= $first_file_id
),

bounds as (
    select min(day) - 35 as first_day, max(day) + 35 as last_day
    from fresh
),

touched as (
    select day from fresh
    union all
    select old.day
    from raw.spans as old
    where old.day between (select first_day from bounds) and (select last_day from bounds)
        and old.file_id < $first_file_id
        and (
            old.call_id in (select call_id from fresh)
            or old.response_id in (select response_id from fresh where response_id is not null)
        )
)

select day, 'spans' as cause, count(*) || ' spans' as detail, $run_id as run_id
from touched
group by day;
