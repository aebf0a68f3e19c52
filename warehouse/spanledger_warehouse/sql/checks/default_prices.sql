-- Calls of the last 35 days were priced by the operator's default, because nobody knows their model's price.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.costs_by_model
-- severity: warning
-- todo: Add the model's own price with `spanledger prices set`; the default is on the safe side.
select
    provider || ' ' || model || ': ' || cast(sum(default_priced_calls) as varchar) || ' calls' as example,
    sum(default_priced_calls) as weight
from marts.costs_by_model
where default_priced_calls > 0 and day > (select max(d.day) from marts.daily_costs as d) - 35
group by provider, model
