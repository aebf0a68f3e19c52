-- What can be filtered by: the names that occur in a window.
-- grain: dimension, name
-- parameters: from_day, to_day
select distinct
    'service' as dimension,
    service as name
from marts.costs_by_operation
where day between $from_day and $to_day
union all
select distinct
    'operation' as dimension,
    operation as name
from marts.costs_by_operation
where day between $from_day and $to_day
union all
select distinct
    'provider' as dimension,
    provider as name
from marts.costs_by_model
where day between $from_day and $to_day
union all
select distinct
    'model' as dimension,
    model as name
from marts.costs_by_model
where day between $from_day and $to_day
union all
select distinct
    'tenant' as dimension,
    tenant_id as name
from marts.daily_costs
where day between $from_day and $to_day
order by dimension, name
