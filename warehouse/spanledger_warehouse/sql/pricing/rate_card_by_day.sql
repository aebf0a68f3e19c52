-- The rate card of the models in use expanded to the days being priced, so that calls meet it by a hash join on the
-- day; the exact instants stay as the residual condition.
-- grain: day, card_id
-- materialized: for the run
with days as (
    select distinct day
    from staging.stg_calls
    where day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

models as (
    select distinct
        price_provider,
        price_model
    from pricing.model_matches
)

select
    d.day,
    (select s.seeds_commit from pricing.seeds as s) as seeds_commit,
    k.*
from days as d
inner join pricing.rate_card as k
    on k.valid_from < d.day + interval 1 day and k.valid_to > cast(d.day as timestamp)
inner join models as m on k.provider = m.price_provider and k.model = m.price_model
