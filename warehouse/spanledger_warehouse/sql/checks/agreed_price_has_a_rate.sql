-- Calls have a price agreed in another currency but no rate of their day, so their contracted cost is not known.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: warning
-- todo: Add the rate of the day to fx_rates.csv; the days are priced again by the next run.
select
    tenant_id || ' ' || cast(day as varchar) || ': ' || provider || ' ' || model as example,
    count(*) as weight
from ledger.call_costs
where contracted_cost_usd is null and list_cost_usd is not null
group by tenant_id, day, provider, model
