-- Usage has no price; its cost is unknown, not zero.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.unpriced_usage
-- severity: warning
-- todo: Add the price to the seeds (pricing_seeds/README.md), commit it, and run again.
select
    provider || ' ' || model || ' ' || unit || ' (' || pricing_context || '): ' || reason as example,
    calls as weight
from marts.unpriced_usage
