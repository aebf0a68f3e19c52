-- Days that wait for a model: work that came up after the model was last built for the day.
-- grain: day, cause, model
with required as (
    select
        unnest($models) as model,
        false as for_seeds
    union all
    select
        unnest($models_of_seeds) as model,
        true as for_seeds
)

select distinct
    d.day,
    d.cause,
    r.model
from ops.dirty_days as d
inner join required as r on list_contains($seed_causes, d.cause) = r.for_seeds
left join ops.built_days as b on r.model = b.model and d.day = b.day
where b.mark is null or b.mark < d.mark
order by d.day, r.model
