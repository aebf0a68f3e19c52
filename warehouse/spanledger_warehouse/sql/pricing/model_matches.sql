-- Which price every model id, context and region of the calls being built resolves to, and when.
-- The exact model name wins, then an alias of the provider, then the same two under the provider that it is another
-- name of; an unknown id resolves to nothing, never to a sibling, unless the operator set defaults for the provider.
-- grain: provider, model_id, pricing_context, pricing_region, valid_from
-- materialized: for the run
-- columns:
--   billing_provider: provider under the name that its prices use
--   price_provider: provider of the price; null when nothing matches
--   price_model: model of the price; null when nothing matches
--   price_region: region of the price: the served one where the model has prices for it, else global
--   price_context: context of the price: the call's own; standard for the operator's defaults
--   matched_by: exact, alias, default or none
--   bills_at_start: whether the price is that of the instant at which a call starts; else of the one at which it ends
with ids as (
    select distinct
        provider,
        model_id,
        pricing_context,
        pricing_region
    from staging.stg_calls
    where
        disposition = 'billable'
        and day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

-- The names that a provider goes by: its own, always, and the one that it is another name of, while it is.
names as (
    select distinct
        provider,
        model_id,
        provider as name,
        0 as is_other_name,
        timestamp '0001-01-01' as valid_from,
        timestamp '9999-12-31' as valid_to
    from ids
    union all
    select distinct
        i.provider,
        i.model_id,
        a.target_provider as name,
        1 as is_other_name,
        a.valid_from,
        a.valid_to
    from ids as i
    inner join pricing.model_aliases as a on i.provider = a.provider
    where a.pattern is null
),

models as (
    select distinct
        provider,
        model
    from pricing.price_cells
),

patterns as (
    select
        *,
        case
            when not regexp_matches(replace(pattern, '\.', ''), '[^A-Za-z0-9_/:@-]') then replace(pattern, '\.', '.')
        end as literal
    from pricing.model_aliases
    where pattern is not null
),

matching as (
    select
        n.*,
        a.target_provider,
        a.target_model,
        a.valid_from as alias_from,
        a.valid_to as alias_to
    from names as n
    inner join patterns as a on n.name = a.provider and n.model_id = a.literal
    union all
    select
        n.*,
        a.target_provider,
        a.target_model,
        a.valid_from as alias_from,
        a.valid_to as alias_to
    from names as n
    inner join patterns as a
        on n.name = a.provider and a.literal is null and regexp_full_match(n.model_id, a.pattern)
),

candidates as (
    select
        n.provider,
        n.model_id,
        n.name as billing_provider,
        m.provider as price_provider,
        m.model as price_model,
        'exact' as matched_by,
        n.valid_from,
        n.valid_to,
        2 * n.is_other_name + 1 as choice
    from names as n
    inner join models as m on n.name = m.provider and n.model_id = m.model
    union all
    select
        provider,
        model_id,
        name as billing_provider,
        target_provider as price_provider,
        target_model as price_model,
        'alias' as matched_by,
        greatest(valid_from, alias_from) as valid_from,
        least(valid_to, alias_to) as valid_to,
        2 * is_other_name + 2 as choice
    from matching
    where valid_from < alias_to and alias_from < valid_to
    union all
    select
        n.provider,
        n.model_id,
        n.name as billing_provider,
        m.provider as price_provider,
        m.model as price_model,
        'default' as matched_by,
        n.valid_from,
        n.valid_to,
        5 + n.is_other_name as choice
    from names as n
    inner join models as m on n.name = m.provider and m.model = '(default)'
    union all
    select
        provider,
        model_id,
        name as billing_provider,
        cast(null as varchar) as price_provider,
        cast(null as varchar) as price_model,
        'none' as matched_by,
        valid_from,
        valid_to,
        8 - is_other_name as choice
    from names
),

-- Which instant of a call chooses the price, where a rule of the price's provider says that it is the start.
starting as (
    select distinct provider
    from pricing.rules
    where price_instant = 'start'
),

instants as (
    select
        c.provider,
        c.model_id,
        c.price_provider,
        c.price_model,
        r.valid_from,
        r.valid_to,
        r.price_instant,
        r.model is not null as is_narrow
    from candidates as c
    inner join pricing.rules as r
        on c.price_provider = r.provider and (r.model is null or c.price_model = r.model) and r.unit is null
    inner join starting as s on r.provider = s.provider
),

dated as (
    select * from candidates
    union all by name
    select * from instants
),

cuts as (
    select distinct
        provider,
        model_id,
        unnest([valid_from, valid_to]) as cut
    from dated
),

intervals as (
    select
        provider,
        model_id,
        cut as valid_from,
        lead(cut) over (partition by provider, model_id order by cut) as valid_to
    from cuts
),

ranked as (
    select
        c.* replace (i.valid_from as valid_from, i.valid_to as valid_to),
        row_number() over (
            partition by i.provider, i.model_id, i.valid_from
            order by c.choice, c.price_provider, c.price_model, c.billing_provider
        ) as place
    from intervals as i
    inner join candidates as c
        on
            i.provider = c.provider
            and i.model_id = c.model_id
            and i.valid_from >= c.valid_from
            and i.valid_to <= c.valid_to
    where i.valid_to is not null
),

regions as (
    select distinct
        provider,
        model,
        region
    from pricing.price_cells
)

select
    i.provider,
    i.model_id,
    i.pricing_context,
    i.pricing_region,
    m.billing_provider,
    m.price_provider,
    m.price_model,
    m.matched_by,
    case when m.matched_by = 'default' then 'standard' else i.pricing_context end as price_context,
    m.valid_from,
    m.valid_to,
    coalesce(g.region, 'global') as price_region,
    coalesce((
        select arg_max(t.price_instant, t.is_narrow) = 'start'
        from instants as t
        where
            t.provider = m.provider
            and t.model_id = m.model_id
            and t.price_provider = m.price_provider
            and t.price_model = m.price_model
            and t.valid_from <= m.valid_from
            and t.valid_to >= m.valid_to
    ), false) as bills_at_start
from ids as i
inner join ranked as m on i.provider = m.provider and i.model_id = m.model_id and m.place = 1
left join regions as g
    on m.price_provider = g.provider and m.price_model = g.model and i.pricing_region = g.region
