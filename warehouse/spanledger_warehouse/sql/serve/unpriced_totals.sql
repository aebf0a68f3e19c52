-- How much usage of a window has no price: uses of a unit by a call.
-- grain: one row
-- parameters: from_day, to_day, those of the filters
with found as (
    select sum(calls) as calls
    from marts.unpriced_usage
    where
        /* day */ between $from_day and $to_day
        /* filters */
    group by tenant_id, provider, model, pricing_context, pricing_region, unit
)

select
    count(*) as rows_in_all,
    cast(coalesce(sum(calls), 0) as bigint) as calls
from found
