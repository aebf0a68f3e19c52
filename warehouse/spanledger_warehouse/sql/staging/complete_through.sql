-- The instant up to which every known source has delivered: where a process is still open, the time of its last sealed
-- file; when none is, the end of the last call.
-- grain: one row
-- materialized: view
-- columns:
--   complete_through: instant up to which every known source has delivered (UTC); null before the first call
--   open_processes: processes that sealed files but did not say that they ended, and did not die either
with per_process as (
    select
        process,
        max(sealed_at) as last_sealed_at,
        bool_or(closed) as is_closed
    from raw.segments
    group by process
),

dead as (
    select distinct s.process
    from raw.spans as s
    inner join raw.files as f on s.file_id = f.file_id
    where f.segments = 0 and s.process is not null
),

still_open as (
    select
        p.process,
        p.last_sealed_at
    from per_process as p
    where not p.is_closed and p.process not in (select d.process from dead as d)
)

select
    count(*) as open_processes,
    coalesce(min(last_sealed_at), (select max(s.ended_at) from raw.spans as s)) as complete_through
from still_open
