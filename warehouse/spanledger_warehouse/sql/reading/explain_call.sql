-- The calls whose id starts with the characters given; one when they are enough.
-- grain: call_id
-- variables: call_id
select *
from marts.calls
where starts_with(call_id, cast(getvariable('call_id') as varchar))
order by call_id
