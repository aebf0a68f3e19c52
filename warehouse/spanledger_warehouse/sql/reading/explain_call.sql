-- The calls whose id starts with the characters given; one when they are enough.
-- grain: call_id
-- parameters: $call_id
select *
from marts.calls
where starts_with(call_id, $call_id)
order by call_id
