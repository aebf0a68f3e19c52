-- Days that were changed after they had been built, newest change first.
-- grain: run_id, tenant_id, day
-- columns:
--   list_cost_usd_moved: list cost after, less before (USD)
--   contracted_cost_usd_moved: contracted cost after, less before (USD)
-- parameters: from_day, to_day, skip, take
select
    *,
    coalesce(list_cost_usd_after, 0) - coalesce(list_cost_usd_before, 0) as list_cost_usd_moved,
    coalesce(contracted_cost_usd_after, 0) - coalesce(contracted_cost_usd_before, 0) as contracted_cost_usd_moved
from marts.restatements
where
    /* day */ between $from_day and $to_day
    /* filters */
order by restated_at desc, run_id, tenant_id, day
limit $take offset $skip
