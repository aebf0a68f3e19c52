-- The newest day with calls, by the calendars of their tenants.
-- grain: one row
select max(business_day) as day
from marts.daily_costs_by_business_day
