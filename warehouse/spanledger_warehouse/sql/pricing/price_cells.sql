-- The rate card in long form: the price of each unit in each interval, context, region and tier of a model.
-- A context stands on its own; units billed by the piece (tool calls) keep their standard price in other contexts.
-- grain: card_id, unit
-- materialized: full
-- columns:
--   card_id: one combination of model, context, region, tier and interval, in words
--   tier_from_tokens: smallest total input of the tier (tokens)
--   tier_to_tokens: largest total input of the tier (tokens)
--   priced_as: unit whose price row was used: the unit itself or its declared fallback
with priced as (
    select *
    from pricing.prices
    where in_force and price_window = '' and currency = 'USD' and valid_from < valid_to
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
        t.tier_above,
        i.valid_from,
        i.valid_to,
        p.unit,
        p.unit_price,
        p.price_id,
        row_number() over (
            partition by i.provider, i.model, x.context, r.region, t.tier_above, i.valid_from, p.unit
            order by
                case when p.context = x.context then 0 else 1 end,
                case when p.region = r.region then 0 else 1 end,
                p.tier_above desc
        ) as choice
    from intervals as i
    inner join contexts as x on i.provider = x.provider and i.model = x.model
    inner join regions as r on i.provider = r.provider and i.model = r.model
    inner join tiers as t on i.provider = t.provider and i.model = t.model and x.context = t.context
    inner join priced as p
        on
            i.provider = p.provider
            and i.model = p.model
            and i.valid_from >= p.valid_from
            and i.valid_to <= p.valid_to
            and t.tier_above >= p.tier_above
            and (r.region = p.region or p.region = 'global')
    inner join pricing.units as u on p.unit = u.unit
    where
        i.valid_to is not null
        and (p.context = x.context or (p.context = 'standard' and u.direction in ('tool', 'call')))
),

chosen as (
    select * exclude (choice)
    from candidates
    where choice = 1
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
        cast(w.tier_above as varchar),
        strftime(w.valid_from, '%Y-%m-%dT%H:%M:%S')
    ) as card_id,
    w.provider,
    w.model,
    w.context,
    w.region,
    w.tier_above,
    g.tier_from_tokens,
    g.tier_to_tokens,
    w.valid_from,
    w.valid_to,
    w.unit,
    w.priced_as,
    w.unit_price,
    w.price_id
from with_fallbacks as w
inner join ranges as g
    on
        w.provider = g.provider
        and w.model = g.model
        and w.context = g.context
        and w.tier_above = g.tier_above
        and w.valid_from = g.valid_from
