-- Processes that never said that they ended have delivered nothing for a day; newer numbers may miss their calls.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: staging.complete_through
-- severity: warning
-- todo: Look at the service and at `spanledger ship` beside it; complete_through says how far the numbers are whole.
with per_process as (
    select
        process,
        min(service) as service,
        max(sealed_at) as last_sealed_at,
        bool_or(closed) as is_closed
    from raw.segments
    group by process
),

newest as (
    select max(f.loaded_at) as loaded_at
    from raw.files as f
)

select
    p.process || ' (' || coalesce(p.service, 'unknown service') || '): nothing since '
    || cast(p.last_sealed_at as varchar) || ' UTC' as example,
    1 as weight
from per_process as p
cross join newest as n
where
    not p.is_closed
    and p.last_sealed_at < n.loaded_at - interval 1 day
    and p.process not in (
        select s.process from raw.spans as s
        inner join raw.files as f on s.file_id = f.file_id
        where f.segments = 0 and s.process is not null
    )
