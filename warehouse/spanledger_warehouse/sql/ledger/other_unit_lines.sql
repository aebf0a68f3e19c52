-- Cost lines priced unit by unit: units without a column of their own, and all units of the cards that are not wide
-- (bands, minimums, increments, prices of the instant at which a call starts).
-- grain: call_id, part, unit, price_id
-- materialized: by day
-- columns:
--   token_quantity: quantity where the unit counts tokens, else 0 (tokens)
with not_wide as (
    select distinct m.model_id
    from pricing.model_matches as m
    inner join pricing.rate_card_by_day as k on m.price_provider = k.provider and m.price_model = k.model
    where not k.is_wide
),

-- Few calls are meant; the rest leaves before anything is joined.
few as (
    select
        c.call_id,
        c.part,
        c.day,
        c.tenant_id,
        c.provider,
        c.model_id,
        c.pricing_context,
        c.pricing_region,
        c.started_at,
        c.billed_at,
        c.input_tokens,
        /* each unit */
        c.input_quantity,
        /* end unit */
        c.other_units
    from staging.stg_calls as c
    where
        c.disposition = 'billable'
        and (
            cardinality(c.other_units) > 0
            or c.model_id in (select n.model_id from not_wide as n)
        )
),

matched as (
    select
        c.*,
        m.billing_provider,
        m.price_provider,
        m.price_model,
        m.price_context,
        m.price_region,
        case when m.bills_at_start then coalesce(c.started_at, c.billed_at) else c.billed_at end as priced_at
    from few as c
    left join pricing.model_matches as m
        on
            c.provider = m.provider
            and c.model_id = m.model_id
            and c.pricing_context = m.pricing_context
            and c.pricing_region = m.pricing_region
            and c.billed_at >= m.valid_from
            and c.billed_at < m.valid_to
),

carded as (
    select
        c.*,
        k.card_id,
        coalesce(k.is_wide, true) as is_wide,
        /* each unit */
        k.input_price,
        /* end unit */
        map_entries(c.other_units) as others
    from matched as c
    left join pricing.rate_card_by_day as k
        on
            cast(c.priced_at as date) = k.day
            and c.price_provider = k.provider
            and c.price_model = k.model
            and c.price_context = k.context
            and c.price_region = k.region
            and c.priced_at >= k.valid_from
            and c.priced_at < k.valid_to
            and coalesce(c.input_tokens, 0) between k.tier_from_tokens and k.tier_to_tokens
),

entries as (
    select
        call_id,
        part,
        day,
        tenant_id,
        billing_provider,
        priced_at,
        card_id,
        unnest(others) as entry
    from carded
),

used as (
    select
        call_id,
        part,
        day,
        tenant_id,
        billing_provider,
        priced_at,
        card_id,
        entry.key as unit,
        entry.value as quantity
    from entries
    /* each unit */
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        billing_provider,
        priced_at,
        card_id,
        'input' as unit,
        input_quantity as quantity
    from carded
    where not is_wide and input_quantity > 0 and input_price is not null
    /* end unit */
),

-- What is billed of every unit that may have a price, and the bands of that price that it reaches: each of graduated
-- ones has a line of its own, of others the one that holds the last unit prices all.
billed as (
    select
        u.*,
        p.priced_as,
        p.price_id,
        p.unit_price,
        p.currency,
        p.fx_id,
        p.band_from,
        p.band_to,
        p.is_graduated,
        ((greatest(u.quantity, p.min_quantity) + p.increment - 1) // p.increment) * p.increment as billed_quantity
    from used as u
    inner join pricing.price_cells as p on u.card_id = p.card_id and u.unit = p.unit
),

banded as (
    select
        call_id,
        part,
        day,
        tenant_id,
        billing_provider,
        priced_at,
        card_id,
        unit,
        case when is_graduated then greatest(least(quantity, band_to) - band_from + 1, 0) else quantity end as quantity,
        case when is_graduated then least(billed_quantity, band_to) - band_from + 1 else billed_quantity end
            as billed_quantity,
        priced_as,
        price_id,
        unit_price,
        currency,
        fx_id,
        band_from
    from billed
    where billed_quantity >= band_from and (is_graduated or billed_quantity <= band_to)
),

lines as (
    select *
    from banded
    union all
    select
        u.call_id,
        u.part,
        u.day,
        u.tenant_id,
        u.billing_provider,
        u.priced_at,
        u.card_id,
        u.unit,
        u.quantity,
        u.quantity as billed_quantity,
        cast(null as varchar) as priced_as,
        cast(null as varchar) as price_id,
        cast(null as decimal(20, 16)) as unit_price,
        cast(null as varchar) as currency,
        cast(null as varchar) as fx_id,
        cast(null as bigint) as band_from
    from used as u
    where
        not exists (
            select 1
            from banded as b
            where b.call_id = u.call_id and b.part = u.part and b.unit = u.unit
        )
)

select
    l.call_id,
    l.part,
    l.day,
    l.tenant_id,
    l.unit,
    l.quantity,
    l.billed_quantity,
    case when u.parent <> '' or l.unit in ('input', 'output') then l.quantity else 0 end as token_quantity,
    l.priced_as,
    l.price_id,
    l.unit_price,
    l.currency,
    nullif(concat_ws(',', l.fx_id, nullif(t.fx_id, l.fx_id)), '') as fx_id,
    cast(round_even(cast(l.billed_quantity as decimal(12, 0)) * l.unit_price, 12) as decimal(38, 12)) as list_cost_usd,
    t.contract,
    case when t.card_id is null then l.unit_price else t.contracted_unit_price end as contracted_unit_price,
    cast(
        round_even(
            cast(l.billed_quantity as decimal(12, 0))
            * case when t.card_id is null then l.unit_price else t.contracted_unit_price end, 12
        ) as decimal(38, 12)
    ) as contracted_cost_usd
from lines as l
left join pricing.units as u on l.unit = u.unit
left join pricing.contract_prices as t
    on
        l.tenant_id = t.tenant_id
        and l.billing_provider = t.billing_provider
        and l.card_id = t.card_id
        and l.unit = t.unit
        and l.band_from = t.band_from
        and l.priced_at >= t.valid_from
        and l.priced_at < t.valid_to
