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
        m.billing_provider,
        k.card_id
    from entries as e
    left join pricing.model_matches as m
        on
            e.provider = m.provider
            and e.model_id = m.model_id
            and e.pricing_context = m.pricing_context
            and e.pricing_region = m.pricing_region
            and e.billed_at >= m.valid_from
            and e.billed_at < m.valid_to
    left join pricing.rate_card_by_day as k
        on
            e.day = k.day
            and m.price_provider = k.provider
            and m.price_model = k.model
            and m.price_context = k.context
            and m.price_region = k.region
            and e.billed_at >= k.valid_from
            and e.billed_at < k.valid_to
            and e.input_tokens between k.tier_from_tokens and k.tier_to_tokens
),

-- Minimum and increment of the price's own provider; the rule of the model goes before that of the provider.
billed as (
    select
        m.*,
        p.priced_as,
        p.price_id,
        p.unit_price,
        p.currency,
        p.fx_id,
        case
            when r.unit is null then m.quantity
            else ((greatest(m.quantity, r.min_quantity) + r.increment - 1) // r.increment) * r.increment
        end as billed_quantity,
        row_number() over (
            partition by m.call_id, m.part, m.unit order by case when r.model is null then 1 else 0 end
        ) as place
    from matched as m
    left join pricing.price_cells as p on m.card_id = p.card_id and m.unit = p.unit
    left join pricing.rules as r
        on
            p.provider = r.provider
            and (r.model is null or p.model = r.model)
            and m.unit = r.unit
            and m.billed_at >= r.valid_from
            and m.billed_at < r.valid_to
)

select
    b.call_id,
    b.part,
    b.day,
    b.tenant_id,
    b.unit,
    b.quantity,
    b.billed_quantity,
    case
        when
            coalesce(u.per, 1000000) = 1000000
            and coalesce(u.direction, 'input') in ('input', 'output')
            and coalesce(u.modality, 'text') <> 'characters'
            then b.quantity
        else 0
    end as token_quantity,
    b.priced_as,
    b.price_id,
    b.unit_price,
    b.currency,
    b.fx_id,
    cast(round_even(cast(b.billed_quantity as decimal(12, 0)) * b.unit_price, 12) as decimal(38, 12)) as list_cost_usd,
    t.contract,
    coalesce(t.contracted_unit_price, b.unit_price) as contracted_unit_price,
    cast(
        round_even(
            cast(b.billed_quantity as decimal(12, 0)) * coalesce(t.contracted_unit_price, b.unit_price), 12
        ) as decimal(38, 12)
    ) as contracted_cost_usd
from billed as b
left join pricing.units as u on b.unit = u.unit
left join pricing.contract_prices as t
    on
        b.tenant_id = t.tenant_id
        and b.billing_provider = t.billing_provider
        and b.card_id = t.card_id
        and b.unit = t.unit
        and b.billed_at >= t.valid_from
        and b.billed_at < t.valid_to
where b.place = 1
