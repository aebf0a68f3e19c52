-- Cost lines of units without a column of their own, priced in long form.
-- grain: call_id, part, unit
-- materialized: by day
-- columns:
--   token_quantity: quantity where the unit counts tokens, else 0 (tokens)
with entries as (
    select
        c.call_id,
        c.part,
        c.day,
        c.tenant_id,
        c.provider,
        c.model_id,
        c.pricing_context,
        c.pricing_region,
        c.billed_at,
        coalesce(c.input_tokens, 0) as input_tokens,
        unnest(map_entries(c.other_units)) as entry
    from staging.stg_calls as c
    where c.disposition = 'billable' and cardinality(c.other_units) > 0
),

matched as (
    select
        e.*,
        e.entry.key as unit,
        e.entry.value as quantity,
        m.price_provider,
        m.price_model,
        m.price_region
    from entries as e
    left join pricing.model_matches as m
        on
            e.provider = m.provider
            and e.model_id = m.model_id
            and e.pricing_context = m.pricing_context
            and e.pricing_region = m.pricing_region
            and e.billed_at >= m.valid_from
            and e.billed_at < m.valid_to
)

select
    m.call_id,
    m.part,
    m.day,
    m.tenant_id,
    m.unit,
    m.quantity,
    case when coalesce(u.direction, 'input') in ('input', 'output') then m.quantity else 0 end as token_quantity,
    p.priced_as,
    p.price_id,
    p.unit_price,
    cast(round_even(cast(m.quantity as decimal(12, 0)) * p.unit_price, 12) as decimal(38, 12)) as list_cost_usd
from matched as m
left join pricing.units as u on m.unit = u.unit
left join pricing.price_cells as p
    on
        m.price_provider = p.provider
        and m.price_model = p.model
        and m.pricing_context = p.context
        and m.price_region = p.region
        and m.billed_at >= p.valid_from
        and m.billed_at < p.valid_to
        and m.input_tokens between p.tier_from_tokens and p.tier_to_tokens
        and m.unit = p.unit
