-- Failed calls of a window, newest first.
-- grain: call_id
-- parameters: from_day, to_day, skip, take, those of the filters
select *
from marts.failed_calls
where
    /* day */ between $from_day and $to_day
    /* filters */
order by billed_at desc, call_id asc
limit $take offset $skip
