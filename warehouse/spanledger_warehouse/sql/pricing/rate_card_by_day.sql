-- The rate card of the models in use expanded to the days being priced, so that calls meet it by a hash join on the
-- day; the exact instants stay as the residual condition. Days of a model with windows are cut where one opens or
-- closes.
-- grain: day, card_id, valid_from
-- materialized: for the run
with days as (
    select distinct day
    from staging.stg_calls
    where day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
    union
    select distinct cast(started_at as date) as day
    from staging.stg_calls
    where
        day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
        and (select bool_or(m.bills_at_start) from pricing.model_matches as m)
),

models as (
    select distinct
        price_provider,
        price_model
    from pricing.model_matches
),

cards as (
    select k.*
    from pricing.rate_card as k
    inner join models as m on k.provider = m.price_provider and k.model = m.price_model
),

windowed as (
    select distinct
        provider,
        model,
        price_window
    from cards
    where price_window <> ''
),

-- A window may have begun on the local day before or after, by the clock of its zone.
offsets as (
    select unnest([-2, -1, 0, 1]) as days
),

local_days as (
    select distinct cast(d.day + o.days * interval 1 day as date) as local_day
    from days as d
    cross join offsets as o
),

openings as (
    select
        w.provider,
        w.price_window,
        greatest(
            timezone('UTC', timezone(w.time_zone, l.local_day + w.starts)), w.valid_from
        ) as opens_at,
        least(
            timezone('UTC', timezone(
                w.time_zone,
                l.local_day + w.ends + case when w.ends <= w.starts then interval 1 day else interval 0 day end
            )),
            w.valid_to
        ) as closes_at
    from pricing.windows as w
    inner join local_days as l
        on
            contains(w.weekdays, cast(isodow(l.local_day) as varchar))
            and not contains(w.holidays, cast(l.local_day as varchar))
),

open_times as (
    select
        m.provider,
        m.model,
        m.price_window,
        d.day,
        greatest(o.opens_at, cast(d.day as timestamp)) as opens_at,
        least(o.closes_at, d.day + interval 1 day) as closes_at
    from windowed as m
    inner join openings as o
        on m.provider = o.provider and m.price_window = o.price_window and o.opens_at < o.closes_at
    inner join days as d on o.opens_at < d.day + interval 1 day and o.closes_at > cast(d.day as timestamp)
),

cuts as (
    select
        provider,
        model,
        day,
        opens_at as cut
    from open_times
    union
    select
        provider,
        model,
        day,
        closes_at as cut
    from open_times
    union
    select
        w.provider,
        w.model,
        d.day,
        unnest([cast(d.day as timestamp), d.day + interval 1 day]) as cut
    from windowed as w
    cross join days as d
),

segments as (
    select
        provider,
        model,
        day,
        cut as segment_from,
        lead(cut) over (partition by provider, model, day order by cut) as segment_to
    from cuts
),

hours as (
    select
        s.provider,
        s.model,
        s.day,
        s.segment_from,
        s.segment_to,
        coalesce(max(o.price_window), '') as price_window
    from segments as s
    left join open_times as o
        on
            s.provider = o.provider
            and s.model = o.model
            and s.day = o.day
            and s.segment_from >= o.opens_at
            and s.segment_to <= o.closes_at
    where s.segment_to is not null
    group by s.provider, s.model, s.day, s.segment_from, s.segment_to
)

select
    d.day,
    (select s.seeds_commit from pricing.seeds as s) as seeds_commit,
    k.* replace (
        greatest(k.valid_from, coalesce(h.segment_from, k.valid_from)) as valid_from,
        least(k.valid_to, coalesce(h.segment_to, k.valid_to)) as valid_to
    )
from days as d
inner join cards as k
    on k.valid_from < d.day + interval 1 day and k.valid_to > cast(d.day as timestamp)
left join hours as h on d.day = h.day and k.provider = h.provider and k.model = h.model
where
    h.day is null
    or (
        k.price_window = h.price_window
        and k.valid_from < h.segment_to
        and k.valid_to > h.segment_from
    )
