-- The rate card in long form: the price of each unit in each interval, context, region and tier of a model.
-- A context stands on its own; units billed by the piece (tool calls) keep their standard price in other contexts.
-- grain: card_id, unit, band_from
-- materialized: full
-- columns:
--   card_id: one combination of model, context, region, tier and interval, in words
--   tier_from_tokens: smallest total input of the tier (tokens)
--   tier_to_tokens: largest total input of the tier (tokens)
--   priced_as: unit whose price row was used: the unit itself or its declared fallback
--   unit_price_12: unit_price where it has at most twelve places, so that amounts need no rounding; else null (USD)
--   uplift: adjustment whose factor is in the price; null when none is
--   window_hours: when the windows of the model hold, in words; null when it has none
--   band_from: the price holds from this unit of a call on, counted from one; above one only where tiers count units
--   band_to: last unit of a call that the price holds for
--   is_graduated: whether each unit pays the price of its own band; else the band that the last one reaches prices all
--   min_quantity: least that is billed of the unit
--   increment: step that the unit is billed in
--   is_wide: whether all of the card is quantities times prices of the end of a call; else it is priced unit by unit
with named as (
    select distinct
        provider,
        model,
        context,
        region,
        price_window,
        tier_above
    from pricing.usd_prices
),

models as (
    select distinct
        provider,
        model
    from named
),

rules as (
    select
        m.provider,
        m.model,
        l.* exclude (l.provider, l.model),
        l.model is not null as is_narrow
    from models as m
    inner join pricing.rules as l on m.provider = l.provider and (l.model is null or m.model = l.model)
),

uplifts as (
    select
        m.provider,
        m.model,
        a.* exclude (a.provider, a.model)
    from models as m
    inner join pricing.adjustments as a on m.provider = a.provider and (a.model is null or m.model = a.model)
    where a.kind = 'uplift'
),

dated as (
    select * from pricing.usd_prices
    union all by name
    select * from uplifts
    union all by name
    select * from rules
),

cuts as (
    select distinct
        provider,
        model,
        unnest([valid_from, valid_to]) as cut
    from dated
),

spans as (
    select
        provider,
        model,
        cut as valid_from,
        lead(cut) over (partition by provider, model order by cut) as valid_to
    from cuts
),

-- How the tiers count in each interval; the rule of the model goes before that of its provider.
intervals as (
    select
        s.provider,
        s.model,
        s.valid_from,
        s.valid_to,
        coalesce(arg_max(l.tier_basis, l.is_narrow), 'total_input') = 'quantity' as in_bands,
        coalesce(arg_max(l.tier_mode, l.is_narrow), 'whole_request') = 'graduated' as is_graduated,
        case when arg_max(l.tier_comparison, l.is_narrow) = '>=' then 0 else 1 end as beyond,
        coalesce(arg_max(l.price_instant, l.is_narrow), 'end') = 'start' as at_start
    from spans as s
    left join rules as l
        on
            s.provider = l.provider
            and s.model = l.model
            and l.unit is null
            and s.valid_from >= l.valid_from
            and s.valid_to <= l.valid_to
    where s.valid_to is not null
    group by s.provider, s.model, s.valid_from, s.valid_to
),

-- A contract is with who bills, which need not be whose price it is: its region counts for every provider.
regions as (
    select distinct
        provider,
        model,
        unnest(['global', region]) as region
    from named
    union
    select
        m.provider,
        m.model,
        a.region
    from models as m
    inner join pricing.adjustments as a
        on (m.provider = a.provider or a.kind <> 'uplift') and (a.model is null or m.model = a.model)
    where a.region is not null
),

windows as (
    select distinct
        provider,
        model,
        unnest(['', price_window]) as price_window
    from named
),

tiers as (
    select distinct
        provider,
        model,
        context,
        unnest([0, tier_above]) as tier_above
    from named
),

window_hours as (
    select
        w.provider,
        w.model,
        string_agg(d.definition, '; ' order by d.definition) as window_hours
    from windows as w
    inner join pricing.windows as d on w.provider = d.provider and w.price_window = d.price_window
    group by w.provider, w.model
),

candidates as (
    select
        i.*,
        t.context,
        r.region,
        w.price_window,
        t.tier_above,
        p.unit,
        u.direction,
        p.unit_price,
        p.price_id,
        p.currency,
        p.fx_id,
        p.region as priced_region,
        row_number() over (
            partition by
                i.provider, i.model, t.context, r.region, w.price_window, t.tier_above, i.valid_from, p.unit
            order by
                case when p.context = t.context then 0 else 1 end,
                case when p.region = r.region then 0 else 1 end,
                case when p.price_window = w.price_window then 0 else 1 end,
                p.tier_above desc
        ) as choice
    from intervals as i
    inner join tiers as t on i.provider = t.provider and i.model = t.model
    inner join regions as r on i.provider = r.provider and i.model = r.model
    inner join windows as w on i.provider = w.provider and i.model = w.model
    inner join pricing.usd_prices as p
        on
            i.provider = p.provider
            and i.model = p.model
            and i.valid_from >= p.valid_from
            and i.valid_to <= p.valid_to
            and (t.tier_above = p.tier_above or (t.tier_above > p.tier_above and not i.in_bands))
            and (r.region = p.region or p.region = 'global')
            and (w.price_window = p.price_window or p.price_window = '')
    inner join pricing.units as u on p.unit = u.unit
    where p.context = t.context or (p.context = 'standard' and u.direction in ('tool', 'call'))
),

-- A region's own price has its surcharge in it; only what it takes over from the global price is lifted.
lifted as (
    select
        c.*,
        u.adjustment as uplift,
        u.factor,
        row_number() over (
            partition by
                c.provider, c.model, c.context, c.region, c.price_window, c.tier_above, c.valid_from, c.unit
            order by u.specificity desc nulls last
        ) as place
    from candidates as c
    left join uplifts as u
        on
            c.provider = u.provider
            and c.model = u.model
            and (c.unit = u.unit or (u.unit is null and c.direction in ('input', 'output')))
            and (u.context is null or c.context = u.context)
            and (u.region is null or (c.region = u.region and c.priced_region <> c.region))
            and c.valid_from >= u.valid_from
            and c.valid_to <= u.valid_to
    where c.choice = 1
),

chosen as (
    select
        * exclude (place, factor, choice, direction, priced_region)
        replace (
            case
                when factor is null then unit_price
                else cast(round_even(unit_price * factor, 16) as decimal(20, 16))
            end as unit_price
        ),
        unit as priced_as
    from lifted
    where place = 1
),

with_fallbacks as (
    select * from chosen
    union all
    select c.* replace (u.unit as unit)
    from chosen as c
    inner join pricing.units as u on c.unit = u.fallback_unit
    where not exists (
        select 1
        from chosen as own
        where
            own.provider = c.provider
            and own.model = c.model
            and own.context = c.context
            and own.region = c.region
            and own.price_window = c.price_window
            and (own.tier_above = c.tier_above or c.in_bands)
            and own.valid_from = c.valid_from
            and own.unit = u.unit
    )
),

-- A tier of the request is a card of its own; bands of one unit stand in the same card.
starts as (
    select
        t.provider,
        t.model,
        t.context,
        t.tier_above,
        i.valid_from,
        case when t.tier_above = 0 then 0 else t.tier_above + i.beyond end as tier_from_tokens
    from tiers as t
    inner join intervals as i on t.provider = i.provider and t.model = i.model
    where t.tier_above = 0 or not i.in_bands
),

ranges as (
    select
        *,
        coalesce(
            lead(tier_from_tokens) over (partition by provider, model, context, valid_from order by tier_above) - 1,
            9223372036854775807
        ) as tier_to_tokens
    from starts
),

cells as (
    select
        w.* exclude (w.tier_above),
        g.tier_above,
        g.tier_from_tokens,
        g.tier_to_tokens,
        concat_ws(
            '|',
            w.provider,
            w.model,
            w.context,
            w.region,
            nullif(w.price_window, ''),
            cast(g.tier_above as varchar),
            strftime(w.valid_from, '%Y-%m-%dT%H:%M:%S')
        ) as card_id,
        case when w.in_bands and w.tier_above > 0 then w.tier_above + w.beyond else 1 end as band_from,
        coalesce(arg_max(l.min_quantity, l.is_narrow), 0) as min_quantity,
        coalesce(arg_max(l.increment, l.is_narrow), 1) as increment
    from with_fallbacks as w
    inner join ranges as g
        on
            w.provider = g.provider
            and w.model = g.model
            and w.context = g.context
            and w.valid_from = g.valid_from
            and (w.tier_above = g.tier_above or w.in_bands)
    left join rules as l
        on
            w.provider = l.provider
            and w.model = l.model
            and w.unit = l.unit
            and w.valid_from >= l.valid_from
            and w.valid_to <= l.valid_to
    group by all
)

select
    c.* exclude (c.in_bands, c.beyond, c.at_start),
    h.window_hours,
    case
        when c.unit_price < 100 and round_even(c.unit_price, 12) = c.unit_price
            then cast(c.unit_price as decimal(14, 12))
    end as unit_price_12,
    lead(c.band_from, 1, 9223372036854775807) over (partition by c.card_id, c.unit order by c.band_from) - 1 as band_to,
    not bool_or(c.in_bands or c.at_start or c.min_quantity > 0 or c.increment > 1) over (partition by c.card_id)
        as is_wide
from cells as c
left join window_hours as h on c.provider = h.provider and c.model = h.model
