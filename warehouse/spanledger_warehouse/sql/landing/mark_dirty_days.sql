-- The days of the spans of a batch, which have to be built again.
-- grain: day
insert into ops.dirty_days (day, cause, detail, run_id)
select
    day,
    'spans' as cause,
    count(*) || ' spans' as detail,
    $run_id as run_id
from raw.spans
where file_id >= $first_file_id
group by day
