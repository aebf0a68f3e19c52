-- The calls of a published file, in the shape that pricing reads: usage from the cost lines, the rest from marts.calls.
-- A part takes its model from a price that it paid; one without any price takes that of its call.
-- grain: call_id, part
-- filled in: wide (a column per common unit), wide_units (their names)
create table usage as
with lines as (
    select
        l.call_id,
        l.part,
        l.unit,
        l.quantity,
        u.direction,
        p.provider as paid_provider,
        p.model as paid_model
    from history.ledger.cost_lines as l
    left join history.pricing.units as u on l.unit = u.unit
    left join history.pricing.prices as p on l.price_id = p.price_id and l.part > 0
    where l.charge_class is null
),

parts as (
    select
        call_id,
        part,
        max(paid_provider) as paid_provider,
        max(paid_model) as paid_model,
        cast(sum(quantity) filter (where direction = 'input') as bigint) as part_input_tokens,
        {wide}
        map_from_entries(list(struct_pack(key := unit, value := cast(quantity as bigint)))
            filter (where unit not in ({wide_units}))) as other_units
    from lines
    group by call_id, part
)

select
    p.call_id,
    p.part,
    0 as copy,
    'billable' as disposition,
    c.tenant_id,
    c.service,
    c.operation,
    coalesce(p.paid_provider, c.provider) as provider,
    coalesce(p.paid_model, c.response_model, c.request_model, c.model) as model_id,
    c.pricing_context,
    c.pricing_region,
    c.billed_at,
    c.day,
    c.success,
    c.attempt,
    c.usage_status,
    case when p.part = 0 then c.input_tokens else p.part_input_tokens end as input_tokens,
    p.* exclude (call_id, part, paid_provider, paid_model, part_input_tokens, other_units, request_quantity),
    case when c.success and p.part = 0 then 1 else 0 end as request_quantity,
    coalesce(p.other_units, map(cast([] as varchar []), cast([] as bigint []))) as other_units
from parts as p
inner join history.marts.calls as c on p.call_id = c.call_id
