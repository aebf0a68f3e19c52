-- The registry of units is the same for everybody.
-- grain: unit
select *
from pricing.units
