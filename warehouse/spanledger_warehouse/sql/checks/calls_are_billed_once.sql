-- A call and part must be billed once.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: error
-- todo: Do not publish; look for an alias or price that matches twice (`spanledger prices check`).
select
    call_id || ' part ' || cast(part as varchar) || ': ' || cast(count(*) as varchar) || ' rows' as example,
    count(*) - 1 as weight
from ledger.call_costs
where day in (select d.day from ops.dirty_days as d)
group by call_id, part
having count(*) > 1
