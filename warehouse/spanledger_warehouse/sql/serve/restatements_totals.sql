-- What the changes of a window's days moved in all.
-- grain: one row
-- parameters: from_day, to_day
select
    count(*) as rows_in_all,
    cast(
        sum(coalesce(list_cost_usd_after, 0) - coalesce(list_cost_usd_before, 0)) as decimal(38, 12)
    ) as list_cost_usd_moved,
    cast(
        sum(coalesce(contracted_cost_usd_after, 0) - coalesce(contracted_cost_usd_before, 0)) as decimal(38, 12)
    ) as contracted_cost_usd_moved
from marts.restatements
where
    /* day */ between $from_day and $to_day
    /* filters */
