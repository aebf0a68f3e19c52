-- The seven cost statuses must sum to the calls, and an amount must be there exactly when the status says so.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.daily_costs
-- severity: error
-- todo: Do not publish; report the example as a defect of Spanledger.
select
    tenant_id || ' ' || cast(day as varchar) || ': statuses do not sum to ' || cast(calls as varchar) as example,
    1 as weight
from marts.daily_costs
where
    calls <> priced_calls + partially_priced_calls + unpriced_calls + free_calls + default_priced_calls
    + usage_missing_calls + no_usage_calls
union all
select
    call_id || ' is ' || cost_status || ' with cost ' || coalesce(cast(list_cost_usd as varchar), 'null') as example,
    1 as weight
from ledger.call_costs
where
    day in (select d.day from ops.dirty_days as d)
    and (cost_status in ('unpriced', 'usage_missing')) <> (list_cost_usd is null)
