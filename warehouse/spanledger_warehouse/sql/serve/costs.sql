-- Cost and usage of a window by the keys asked for: the page is found first, by as little as orders it. The commented
-- places are filled from closed lists of our own names; values are parameters.
-- grain: the keys; place
-- columns:
--   place: position in the order of the question
--   rows_in_all: rows of the question, not of the page (rows)
-- parameters: from_day, to_day, skip, take, those of the filters and of the source
with ordered as materialized (
    select
        /* keys */,
        sum(contracted_cost_usd) as cost
    from /* source */
    where
        /* day */ between $from_day and $to_day
        /* filters */
    group by all
),

page as (
    select *
    from ordered
    order by /* order */
    limit $take offset $skip
),

placed as (
    select
        *,
        row_number() over (order by /* order */) as place
    from page
),

keyed as (
    select
        *,
        /* keys */
    from /* source */
    where
        /* day */ between $from_day and $to_day
        /* filters */
)

select
    p.place,
    (select count(*) from ordered) as rows_in_all,
    /* page keys */,
    /* measures */
from keyed as k
inner join placed as p on /* same keys */
group by all
order by p.place
