-- Usage of a window that has no price, largest first.
-- grain: tenant_id, provider, model, pricing_context, pricing_region, unit
-- columns:
--   first_day: first day of the window on which it occurs
--   last_day: last day of the window on which it occurs
-- parameters: from_day, to_day, skip, take, those of the filters
with found as (
    select
        tenant_id,
        provider,
        model,
        pricing_context,
        pricing_region,
        unit,
        min(reason) as reason,
        min(day) as first_day,
        max(day) as last_day,
        cast(sum(calls) as bigint) as calls,
        cast(sum(quantity) as bigint) as quantity,
        min(example_call_id) as example_call_id
    from marts.unpriced_usage
    where
        /* day */ between $from_day and $to_day
        /* filters */
    group by all
)

select *
from found
order by quantity desc, tenant_id, provider, model, pricing_context, pricing_region, unit
limit $take offset $skip
