-- The history of the price seeds is cut off, was rewritten, or does not replay to the prices in use.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: pricing.seeds
-- severity: warning
-- todo: Price from a full clone; find the lost commits (reflog, other clones); see `spanledger prices check`.
select
    seeds_source || ' at ' || seeds_commit || ': ' || history_problem as example,
    1 as weight
from pricing.seeds
where history_problem is not null
