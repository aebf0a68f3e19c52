-- Which price every model id, context and region of the calls being built resolves to, and when.
-- An exact model name wins over an alias; an unknown id resolves to nothing, never to a sibling.
-- grain: provider, model_id, pricing_context, pricing_region, valid_from
-- materialized: for the run
-- columns:
--   billing_provider: provider under the name that its prices use
--   price_provider: provider of the price; null when nothing matches
--   price_model: model of the price; null when nothing matches
--   price_region: region of the price: the served one where the model has prices for it, else global
--   matched_by: exact, alias or none
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

renamed as (
    select
        i.*,
        coalesce(a.target_provider, i.provider) as billing_provider
    from ids as i
    left join pricing.model_aliases as a on i.provider = a.provider and a.pattern is null
),

models as (
    select distinct
        provider,
        model
    from pricing.price_cells
),

matched as (
    select
        r.*,
        coalesce(m.provider, a.target_provider) as price_provider,
        coalesce(m.model, a.target_model) as price_model,
        case when m.model is not null then 'exact' when a.target_model is not null then 'alias' else 'none' end
            as matched_by,
        coalesce(a.valid_from, timestamp '0001-01-01') as valid_from,
        coalesce(a.valid_to, timestamp '9999-12-31') as valid_to
    from renamed as r
    left join models as m on r.billing_provider = m.provider and r.model_id = m.model
    left join pricing.model_aliases as a
        on
            m.model is null
            and r.billing_provider = a.provider
            and a.pattern is not null
            and regexp_full_match(r.model_id, a.pattern)
),

regions as (
    select distinct
        provider,
        model,
        region
    from pricing.price_cells
)

select
    m.*,
    coalesce(g.region, 'global') as price_region
from matched as m
left join regions as g
    on m.price_provider = g.provider and m.price_model = g.model and m.pricing_region = g.region
