-- The newest hour that has calls.
-- grain: one row
select max(hour) as hour
from marts.hourly_costs
