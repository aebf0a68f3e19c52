-- Usage of a window that has no price, largest first, and its sum: row 0.
-- grain: tenant_id, provider, model, pricing_context, pricing_region, unit
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
),

placed as (
    select
        *,
        row_number() over (order by quantity desc, tenant_id, provider, model, pricing_context, pricing_region, unit)
            as place
    from found
)

select
    (select count(*) from found) as rows_in_all,
    *
from placed
where place > $skip and place <= $skip + $take
union all by name
select
    (select count(*) from found) as rows_in_all,
    cast(sum(calls) as bigint) as calls,
    0 as place
from found
order by place
