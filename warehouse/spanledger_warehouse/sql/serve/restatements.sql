-- Days that were changed after they had been built, newest change first, and what all of it moved: row 0.
-- grain: run_id, tenant_id, day
-- columns:
--   list_cost_usd_moved: list cost after, less before (USD)
--   contracted_cost_usd_moved: contracted cost after, less before (USD)
-- parameters: from_day, to_day, skip, take
with found as (
    select
        *,
        coalesce(list_cost_usd_after, 0) - coalesce(list_cost_usd_before, 0) as list_cost_usd_moved,
        coalesce(contracted_cost_usd_after, 0) - coalesce(contracted_cost_usd_before, 0)
            as contracted_cost_usd_moved
    from marts.restatements
    where
        /* day */ between $from_day and $to_day
        /* filters */
),

placed as (
    select
        *,
        row_number() over (order by restated_at desc, run_id, tenant_id, day) as place
    from found
)

select
    (select count(*) from found) as rows_in_all,
    *
from placed
where place > $skip and place <= $skip + $take
union all by name
select
    (select count(*) from found) as rows_in_all,
    cast(sum(list_cost_usd_moved) as decimal(38, 12)) as list_cost_usd_moved,
    cast(sum(contracted_cost_usd_moved) as decimal(38, 12)) as contracted_cost_usd_moved,
    0 as place
from found
order by place
