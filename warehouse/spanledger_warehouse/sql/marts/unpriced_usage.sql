-- Usage that has no price, by model and unit: what a price administrator has to add.
-- grain: tenant_id, day, provider, model, pricing_context, pricing_region, unit
-- materialized: by day
-- columns:
--   quantity: units without a price (in the unit)
--   calls: calls that used them (calls)
--   example_call_id: one of those calls
--   reason: no_model (the model id resolves to nothing), no_context (the model has no prices for this context and
--     instant), or no_unit (the unit alone has none)
with lines as (
    select
        c.tenant_id,
        c.day,
        c.provider,
        c.model,
        c.pricing_context,
        c.pricing_region,
        l.unit,
        l.quantity,
        c.call_id,
        case
            when c.matched_by = 'none' then 'no_model'
            when c.card_id is null then 'no_context'
            else 'no_unit'
        end as reason
    from ledger.derived_lines as l
    inner join ledger.call_costs as c on l.call_id = c.call_id and l.part = c.part and l.day = c.day
    where l.unit_price is null
)

select
    tenant_id,
    day,
    provider,
    model,
    pricing_context,
    pricing_region,
    unit,
    min(reason) as reason,
    count(*) as calls,
    cast(sum(quantity) as bigint) as quantity,
    min(call_id) as example_call_id
from lines
group by tenant_id, day, provider, model, pricing_context, pricing_region, unit
