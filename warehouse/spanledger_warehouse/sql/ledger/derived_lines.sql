-- The cost of every billable call by billed unit, as derived now, closed months too. A unit without a price has its
-- quantity and no amount; of a call whose contracted cost is not known no line has one.
-- grain: call_id, part, unit, price_id
-- materialized: by day
-- columns:
--   quantity: units used (in the unit)
--   billed_quantity: units billed: used units, or the minimum, in whole increments (in the unit)
--   unit_price: price of one unit with uplift and exchange rate in it (USD); null when it has none
--   currency: currency of the price row (ISO 4217)
--   price_id: price row used; null when the unit has no price
--   fx_id: exchange rates used, of the list price and of the agreed one; null for prices in USD
with used as (
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        list_cost_usd is not null as has_cost,
        contracted_cost_usd is not null as has_agreed_cost,
        'request' as unit,
        request_quantity as quantity
    from ledger.call_costs
    where request_quantity > 0
    /* each metered unit */
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        provider,
        billed_at,
        card_id,
        list_cost_usd is not null as has_cost,
        contracted_cost_usd is not null as has_agreed_cost,
        'input' as unit,
        input_quantity as quantity
    from ledger.call_costs
    where input_quantity > 0
    /* end unit */
),

priced as (
    select
        l.*,
        p.priced_as,
        p.price_id,
        p.currency,
        t.contract,
        p.unit_price,
        p.unit_price_12,
        case when t.fx_id is null then p.fx_id else concat_ws(',', p.fx_id, nullif(t.fx_id, p.fx_id)) end as fx_id,
        case when t.card_id is null then p.unit_price else t.contracted_unit_price end as contracted_unit_price,
        case when t.card_id is null then p.unit_price_12 else t.contracted_unit_price_12 end
            as contracted_unit_price_12
    from used as l
    left join pricing.price_cells as p on l.card_id = p.card_id and l.unit = p.unit
    left join pricing.contract_prices as t
        on
            l.tenant_id = t.tenant_id
            and l.provider = t.billing_provider
            and l.card_id = t.card_id
            and l.unit = t.unit
            and l.billed_at >= t.valid_from
            and l.billed_at < t.valid_to
    where
        (p.is_wide or p.price_id is null)
        and (p.price_id is not null or l.unit <> 'request')
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
    case
        when has_cost
            then coalesce(
                cast(cast(quantity as decimal(12, 0)) * unit_price_12 as decimal(38, 12)),
                cast(round_even(cast(quantity as decimal(12, 0)) * unit_price, 12) as decimal(38, 12))
            )
    end as list_cost_usd,
    contract,
    contracted_unit_price,
    case
        when has_agreed_cost
            then coalesce(
                cast(cast(quantity as decimal(12, 0)) * contracted_unit_price_12 as decimal(38, 12)),
                cast(round_even(cast(quantity as decimal(12, 0)) * contracted_unit_price, 12) as decimal(38, 12))
            )
    end as contracted_cost_usd
from priced
union all
select
    o.call_id,
    o.part,
    o.day,
    o.tenant_id,
    o.unit,
    o.quantity,
    o.billed_quantity,
    o.priced_as,
    o.price_id,
    o.unit_price,
    o.currency,
    o.fx_id,
    o.list_cost_usd,
    o.contract,
    o.contracted_unit_price,
    case when c.contracted_cost_usd is not null then o.contracted_cost_usd end as contracted_cost_usd
from ledger.other_unit_lines as o
inner join ledger.call_costs as c on o.call_id = c.call_id and o.part = c.part and o.day = c.day
