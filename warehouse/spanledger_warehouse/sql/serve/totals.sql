-- Cost and usage of a window in one row.
-- grain: one row
-- parameters: from_day, to_day, those of the filters and of the source
select
    /* measures */
from /* source */
where
    /* day */ between $from_day and $to_day
    /* filters */
