-- How many calls each day of a window has, newest first: tells on which days a page of calls falls.
-- grain: day
-- parameters: from_day, to_day, those of the filters and of the source
select
    /* day */ as day,
    cast(sum(calls) as bigint) as calls
from /* source */
where
    /* day */ between $from_day and $to_day
    /* filters */
group by all
having sum(calls) > 0
order by day desc
