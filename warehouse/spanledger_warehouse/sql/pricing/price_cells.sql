-- The rate card in long form: the price of each unit in each interval, context, region and tier of a model.
-- A context stands on its own; units billed by the piece (tool calls) keep their standard price in other contexts.
-- grain: card_id, unit
-- materialized: full
-- columns:
--   card_id: one combination of model, context, region, tier and interval, in words
--   tier_from_tokens: smallest total input of the tier (tokens)
--   tier_to_tokens: largest total input of the tier (tokens)
--   priced_as: unit whose price row was used: the unit itself or its declared fallback
--   uplift: adjustment whose factor is in the price; null when none is
--   window_hours: when the windows of the model hold, in words; null when it has none
with priced as (
    select *
    from pricing.usd_prices
),

models as (
    select distinct
        provider,
        model
    from priced
),

tier_rules as (
    select
        m.provider,
        m.model,
        l.tier_comparison,
        l.valid_from,
        l.valid_to,
        case when l.model is null then 0 else 1 end as specificity
    from models as m
    inner join pricing.rules as l on m.provider = l.provider and (l.model is null or m.model = l.model)
    where l.unit is null
),

uplifts as (
    select
        m.model,
        a.provider,
        a.adjustment,
        a.unit,
        a.context,
        a.region,
        a.factor,
        a.specificity,
        a.valid_from,
        a.valid_to
    from models as m
    inner join pricing.adjustments as a on m.provider = a.provider and (a.model is null or m.model = a.model)
    where a.kind = 'uplift'
),

dated as (
    select
        provider,
        model,
        valid_from,
        valid_to
    from priced
    union all
    select
        provider,
        model,
        valid_from,
        valid_to
    from uplifts
    union all
    select
        provider,
        model,
        valid_from,
        valid_to
    from tier_rules
),

cuts as (
    select
        provider,
        model,
        valid_from as cut
    from dated
    union
    select
        provider,
        model,
        valid_to as cut
    from dated
),

intervals as (
    select
        provider,
        model,
        cut as valid_from,
        lead(cut) over (partition by provider, model order by cut) as valid_to
    from cuts
),

contexts as (
    select distinct
        provider,
        model,
        context
    from priced
),

regions as (
    select distinct
        provider,
        model,
        region
    from priced
    union
    select distinct
        provider,
        model,
        'global' as region
    from priced
    union
    select
        provider,
        model,
        region
    from uplifts
    where region is not null
),

windows as (
    select distinct
        provider,
        model,
        price_window
    from priced
    union
    select
        provider,
        model,
        '' as price_window
    from models
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

tiers as (
    select distinct
        provider,
        model,
        context,
        tier_above
    from priced
    union
    select distinct
        provider,
        model,
        context,
        0 as tier_above
    from priced
),

candidates as (
    select
        i.provider,
        i.model,
        x.context,
        r.region,
        w.price_window,
        t.tier_above,
        i.valid_from,
        i.valid_to,
        p.unit,
        u.direction,
        p.unit_price,
        p.price_id,
        p.currency,
        p.fx_id,
        p.region as priced_region,
        row_number() over (
            partition by
                i.provider, i.model, x.context, r.region, w.price_window, t.tier_above, i.valid_from, p.unit
            order by
                case when p.context = x.context then 0 else 1 end,
                case when p.region = r.region then 0 else 1 end,
                case when p.price_window = w.price_window then 0 else 1 end,
                p.tier_above desc
        ) as choice
    from intervals as i
    inner join contexts as x on i.provider = x.provider and i.model = x.model
    inner join regions as r on i.provider = r.provider and i.model = r.model
    inner join windows as w on i.provider = w.provider and i.model = w.model
    inner join tiers as t on i.provider = t.provider and i.model = t.model and x.context = t.context
    inner join priced as p
        on
            i.provider = p.provider
            and i.model = p.model
            and i.valid_from >= p.valid_from
            and i.valid_to <= p.valid_to
            and t.tier_above >= p.tier_above
            and (r.region = p.region or p.region = 'global')
            and (w.price_window = p.price_window or p.price_window = '')
    inner join pricing.units as u on p.unit = u.unit
    where
        i.valid_to is not null
        and (p.context = x.context or (p.context = 'standard' and u.direction in ('tool', 'call')))
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
        )
    from lifted
    where place = 1
),

with_fallbacks as (
    select
        *,
        unit as priced_as
    from chosen
    union all
    select
        c.* replace (u.unit as unit),
        c.unit as priced_as
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
            and own.tier_above = c.tier_above
            and own.valid_from = c.valid_from
            and own.unit = u.unit
    )
),

rules as (
    select
        t.provider,
        t.model,
        t.context,
        t.tier_above,
        i.valid_from,
        coalesce(arg_max(l.tier_comparison, l.specificity), '>') as tier_comparison
    from tiers as t
    inner join intervals as i on t.provider = i.provider and t.model = i.model
    left join tier_rules as l
        on
            i.provider = l.provider
            and i.model = l.model
            and i.valid_from >= l.valid_from
            and i.valid_to <= l.valid_to
    where i.valid_to is not null
    group by t.provider, t.model, t.context, t.tier_above, i.valid_from
),

bounds as (
    select
        *,
        case
            when tier_above = 0 then 0
            when tier_comparison = '>=' then tier_above
            else tier_above + 1
        end as tier_from_tokens
    from rules
),

ranges as (
    select
        *,
        coalesce(
            lead(tier_from_tokens) over (partition by provider, model, context, valid_from order by tier_above) - 1,
            9223372036854775807
        ) as tier_to_tokens
    from bounds
)

select
    concat_ws(
        '|',
        w.provider,
        w.model,
        w.context,
        w.region,
        nullif(w.price_window, ''),
        cast(w.tier_above as varchar),
        strftime(w.valid_from, '%Y-%m-%dT%H:%M:%S')
    ) as card_id,
    w.provider,
    w.model,
    w.context,
    w.region,
    w.price_window,
    w.tier_above,
    g.tier_from_tokens,
    g.tier_to_tokens,
    w.valid_from,
    w.valid_to,
    w.unit,
    w.priced_as,
    w.unit_price,
    w.price_id,
    w.currency,
    w.fx_id,
    w.uplift,
    h.window_hours
from with_fallbacks as w
inner join ranges as g
    on
        w.provider = g.provider
        and w.model = g.model
        and w.context = g.context
        and w.tier_above = g.tier_above
        and w.valid_from = g.valid_from
left join window_hours as h on w.provider = h.provider and w.model = h.model
