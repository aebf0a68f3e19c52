-- Spans of the last 35 days were lost: a process said so, or a sequence number never arrived.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.losses
-- severity: warning
-- todo: Look at the disk of the service's spool; what is lost was not billed to anybody.
with bounds as (
    select max(s.day) - 35 as first_day
    from raw.spans as s
),

/* What a process did before the first of these days is not looked at again. */
received as (
    select
        s.process,
        count(distinct s.sequence) as spans,
        max(s.sequence) as last_sequence,
        case when min(s.day) > min(b.first_day) then 0 else min(s.sequence) - 1 end as before
    from raw.spans as s
    cross join bounds as b
    where s.process is not null and s.sequence is not null and s.day >= b.first_day
    group by s.process
),

announced as (
    select
        g.process,
        max(g.issued) as issued,
        sum(g.span_count) as sealed,
        bool_or(g.closed) as is_closed
    from raw.segments as g
    cross join bounds as b
    group by g.process
    having max(cast(g.sealed_at as date)) >= min(b.first_day)
),

missing as (
    select
        coalesce(r.process, a.process) as process,
        greatest(coalesce(r.last_sequence, 0), case when a.is_closed then a.issued else 0 end)
        - coalesce(r.before, 0) - coalesce(r.spans, a.sealed) as spans
    from received as r
    full join announced as a on r.process = a.process
)

select
    process || ': ' || cast(spans as varchar) || ' of its calls never arrived' as example,
    spans as weight
from missing
where spans > 0
