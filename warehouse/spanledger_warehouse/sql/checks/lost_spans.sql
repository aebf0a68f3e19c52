-- Spans were lost: a process said so, or a sequence number never arrived.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.losses
-- severity: warning
-- todo: Look at the disk of the service's spool; what is lost was not billed to anybody.
with received as (
    select
        process,
        count(distinct sequence) as spans,
        max(sequence) as last_sequence
    from raw.spans
    where process is not null and sequence is not null
    group by process
),

announced as (
    select
        process,
        max(issued) as issued,
        bool_or(closed) as is_closed,
        max(dropped) as dropped,
        cast(max(len(in_flight)) filter (where closed) as bigint) as in_flight
    from raw.segments
    group by process
)

select
    coalesce(r.process, a.process) || ': '
    || cast(
        greatest(coalesce(r.last_sequence, 0), case when a.is_closed then a.issued else 0 end)
        - coalesce(r.spans, 0) as varchar
    ) || ' of its calls never arrived' as example,
    greatest(coalesce(r.last_sequence, 0), case when a.is_closed then a.issued else 0 end) - coalesce(r.spans, 0)
        as weight
from received as r
full join announced as a on r.process = a.process
where greatest(coalesce(r.last_sequence, 0), case when a.is_closed then a.issued else 0 end) > coalesce(r.spans, 0)
