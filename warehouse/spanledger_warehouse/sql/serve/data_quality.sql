-- What the last run found; for a tenant, what can be said about its own rows.
-- grain: check_name
-- parameters: skip, take
select *
from marts.data_quality
order by case severity when 'error' then 1 when 'warning' then 2 else 3 end, violations desc, check_name
limit $take offset $skip
