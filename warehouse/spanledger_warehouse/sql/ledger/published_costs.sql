-- Call costs as they are published: those of a closed month as they were closed, all others as derived.
-- grain: call_id, part
-- materialized: view
-- days: day
select *
from ledger.call_costs
where date_trunc('month', day) not in (select m.first_day from ledger.closed_months as m)
union all
select *
from ledger.frozen_calls
