-- Calls of the last 35 days succeeded but their usage is not known, so their cost is not either.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: warning
-- todo: For OpenAI-compatible streams ask for usage: `stream_options={"include_usage": true}`.
select
    call_id || ': ' || provider || ' ' || model as example,
    1 as weight
from ledger.call_costs
where
    cost_status = 'usage_missing'
    and usage_issue is null
    and day > (select max(d.day) from marts.daily_costs as d) - 35
