-- The last days of usage again, moved by whole days to where the change holds after them. Their ids begin with `>`.
-- grain: call_id, part
-- variables: projected_days
insert into staging.stg_calls by name
with bounds as (
    select
        greatest(min(day), max(day) - cast($projected_days as integer) + 1) as first_day,
        max(day) + 1 as after_last
    from usage
),

moves as (
    select
        t.*,
        b.first_day,
        cast(
            greatest(t.starts, cast(b.after_last as timestamp)) + interval 1 day - interval 1 microsecond as date
        ) - b.first_day as days
    from touched as t
    cross join bounds as b
    where t.ends > cast(b.after_last as timestamp)
)

select
    u.* replace (
        '>' || m.number || '|' || u.call_id as call_id,
        u.billed_at + to_days(cast(m.days as integer)) as billed_at,
        u.day + cast(m.days as integer) as day
    )
from usage as u
inner join moves as m
    on
        u.provider = m.provider
        and u.model_id = m.model_id
        and u.pricing_context = m.pricing_context
        and u.pricing_region = m.pricing_region
where u.day >= m.first_day and u.billed_at + to_days(cast(m.days as integer)) < m.ends
