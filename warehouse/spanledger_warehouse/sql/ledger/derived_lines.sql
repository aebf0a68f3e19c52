-- The cost of every billable call by billed unit, as derived now, closed months too. A unit without a price has its
-- quantity and no amount.
-- grain: call_id, part, unit
-- materialized: by day
-- columns:
--   quantity: units used (in the unit)
--   billed_quantity: units billed: used units, or the minimum, in whole increments (in the unit)
--   unit_price: price of one unit with uplift and exchange rate in it (USD); null when it has none
--   currency: currency of the price row (ISO 4217)
--   price_id: price row used; null when the unit has no price
--   fx_id: exchange rate used; null for prices in USD
with lines as (
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'input' as unit,
        input_quantity as quantity
    from ledger.call_costs
    where input_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'cache_read' as unit,
        cache_read_quantity as quantity
    from ledger.call_costs
    where cache_read_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'cache_write_5m' as unit,
        cache_write_5m_quantity as quantity
    from ledger.call_costs
    where cache_write_5m_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'cache_write_1h' as unit,
        cache_write_1h_quantity as quantity
    from ledger.call_costs
    where cache_write_1h_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'output' as unit,
        output_quantity as quantity
    from ledger.call_costs
    where output_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'reasoning' as unit,
        reasoning_quantity as quantity
    from ledger.call_costs
    where reasoning_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'input_audio' as unit,
        input_audio_quantity as quantity
    from ledger.call_costs
    where input_audio_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'output_audio' as unit,
        output_audio_quantity as quantity
    from ledger.call_costs
    where output_audio_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'input_image' as unit,
        input_image_quantity as quantity
    from ledger.call_costs
    where input_image_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'output_image' as unit,
        output_image_quantity as quantity
    from ledger.call_costs
    where output_image_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'web_search' as unit,
        web_search_quantity as quantity
    from ledger.call_costs
    where web_search_quantity > 0
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        cost_status,
        'request' as unit,
        request_quantity as quantity
    from ledger.call_costs
    where request_quantity > 0
),

priced as (
    select
        l.*,
        p.priced_as,
        p.price_id,
        p.unit_price,
        p.currency,
        p.fx_id,
        t.contract,
        coalesce(t.contracted_unit_price, p.unit_price) as contracted_unit_price
    from lines as l
    left join pricing.price_cells as p on l.card_id = p.card_id and l.unit = p.unit
    left join pricing.units as u on l.unit = u.unit
    left join pricing.contract_prices as t
        on
            l.tenant_id = t.tenant_id
            and l.provider = t.billing_provider
            and l.card_id = t.card_id
            and l.unit = t.unit
            and l.billed_at >= t.valid_from
            and l.billed_at < t.valid_to
    where p.price_id is not null or not coalesce(u.optional, false)
),

common as (
    select
        *,
        case
            when cost_status in ('priced', 'partially_priced', 'free', 'default_priced')
                then cast(round_even(cast(quantity as decimal(12, 0)) * unit_price, 12) as decimal(38, 12))
        end as list_cost_usd,
        case
            when cost_status in ('priced', 'partially_priced', 'free', 'default_priced')
                then cast(
                    round_even(cast(quantity as decimal(12, 0)) * contracted_unit_price, 12) as decimal(38, 12)
                )
        end as contracted_cost_usd
    from priced
)

select
    call_id,
    part,
    day,
    tenant_id,
    unit,
    quantity,
    quantity as billed_quantity,
    priced_as,
    price_id,
    unit_price,
    currency,
    fx_id,
    list_cost_usd,
    contract,
    contracted_unit_price,
    contracted_cost_usd
from common
union all
select
    call_id,
    part,
    day,
    tenant_id,
    unit,
    quantity,
    billed_quantity,
    priced_as,
    price_id,
    unit_price,
    currency,
    fx_id,
    list_cost_usd,
    contract,
    contracted_unit_price,
    contracted_cost_usd
from ledger.other_unit_lines
