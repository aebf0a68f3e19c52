-- Calls on days that the calendar of their provider's windows does not cover: holidays are priced as working days.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: warning
-- todo: Add the days off of that year to holidays.csv; the days are then priced again.
select
    c.provider || ' since ' || cast(min(c.day) as varchar) || ': the calendar ends with '
    || cast(min(w.calendar_ends) as varchar) as example,
    count(distinct c.call_id) as weight
from ledger.call_costs as c
inner join pricing.windows as w
    on c.provider = w.provider and c.billed_at >= w.valid_from and c.billed_at < w.valid_to
where
    c.day in (select d.day from ops.dirty_days as d)
    and c.day > w.calendar_ends
group by c.provider
