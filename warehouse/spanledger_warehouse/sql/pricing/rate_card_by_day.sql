-- The rate card expanded to the days being priced, so that calls meet it by a hash join on the day; the exact instants
-- stay as the residual condition.
-- grain: day, card_id
-- materialized: for the run
-- columns:
--   day: UTC day that is being priced
with days as (
    select cast(unnest(generate_series(
        cast(getvariable('from_day') as date), cast(getvariable('to_day') as date), interval 1 day
    )) as date) as day
)

select
    d.day,
    (select s.seeds_commit from pricing.seeds as s limit 1) as seeds_commit,
    k.*
from days as d
inner join pricing.rate_card as k
    on k.valid_from < d.day + interval 1 day and k.valid_to > cast(d.day as timestamp)
