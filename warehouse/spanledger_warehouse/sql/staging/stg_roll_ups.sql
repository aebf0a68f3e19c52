-- Spans that another span of their trace makes not billable: of an agent, a framework, an SDK and the wire, which all
-- report the same tokens, the deepest call that carries them is billed. Only traces with spans of other
-- instrumentations are looked at. A call gives way to a call beneath it unless an agent or tool stands between (that is
-- another call); an agent gives way to any. Beneath a missing span, an agent's time decides. Nested deeper than 100
-- spans is not seen.
-- grain: file_id, line
-- materialized: by day
-- columns:
--   rule: usage_on_descendant (a span beneath carries the usage), or usage_on_ancestor (the call above carries the
--     usage of this one, which succeeded without saying any)
with linked as (
    select distinct
        other.key as trace_id,
        other.day
    from staging.links as here
    inner join staging.links as other on here.kind = other.kind and here.key = other.key
    where
        here.kind = 'trace'
        and here.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

traces as (
    select
        trace_id,
        day
    from staging.stg_foreign_spans
    where
        trace_id is not null
        and day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
    union
    select
        trace_id,
        day
    from linked
),

rows_of_traces as (
    select
        s.file_id,
        s.line,
        s.day,
        s.trace_id,
        s.span_id,
        s.parent_span_id,
        s.started_at,
        s.ended_at,
        coalesce(f.kind, 'call') as kind,
        coalesce(
            f.has_usage,
            coalesce(s.usage_raw, nullif(s.input_tokens_text, '0'), nullif(s.output_tokens_text, '0')) is not null
        ) as has_usage,
        staging.succeeded(s.error_type, coalesce(s.http_status, try_cast(f.http_status_text as integer)), s.status_code)
            as success
    from raw.spans as s
    inner join traces as t on s.trace_id = t.trace_id and s.day = t.day
    left join staging.all_foreign_spans as f on s.day = f.day and s.file_id = f.file_id and s.line = f.line
    where s.span_id is not null
),

spans as (
    select
        trace_id,
        span_id,
        min(parent_span_id) as parent_span_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        min(kind) as kind,
        bool_or(has_usage) and min(kind) <> 'other' as has_usage,
        bool_and(success) as success
    from rows_of_traces
    group by trace_id, span_id
),

steps as (
    select
        c.trace_id,
        c.span_id,
        c.kind = 'agent' as is_boundary,
        p.span_id as above_id
    from spans as c
    inner join spans as p on c.trace_id = p.trace_id and c.parent_span_id = p.span_id
    union all
    select
        c.trace_id,
        c.span_id,
        c.kind = 'agent' as is_boundary,
        a.span_id as above_id
    from spans as c
    inner join spans as a
        on
            c.trace_id = a.trace_id
            and c.started_at >= a.started_at
            and c.ended_at <= a.ended_at
            and c.span_id <> a.span_id
    left join spans as p on c.trace_id = p.trace_id and c.parent_span_id = p.span_id
    where c.parent_span_id is not null and p.span_id is null and a.kind = 'agent' and a.has_usage
),

lineage as (
    with recursive climbed as (
        select
            s.trace_id,
            s.span_id,
            t.above_id,
            t.is_boundary as crossed,
            1 as depth
        from spans as s
        inner join steps as t on s.trace_id = t.trace_id and s.span_id = t.span_id
        where s.kind = 'call' or s.has_usage
        union
        select
            c.trace_id,
            c.span_id,
            t.above_id,
            c.crossed or t.is_boundary as crossed,
            c.depth + 1 as depth
        from climbed as c
        inner join steps as t on c.trace_id = t.trace_id and c.above_id = t.span_id
        where c.depth < 100
    )

    select
        trace_id,
        span_id,
        above_id,
        bool_and(crossed) as crossed
    from climbed
    where span_id <> above_id
    group by trace_id, span_id, above_id
),

/* In a circle of spans, which nobody honest sends, none gives way: a call may be billed twice, but never not at all. */
rolled_up as (
    select distinct
        l.trace_id,
        l.above_id as span_id
    from lineage as l
    inner join spans as d on l.trace_id = d.trace_id and l.span_id = d.span_id
    inner join spans as a on l.trace_id = a.trace_id and l.above_id = a.span_id
    left join lineage as back
        on l.trace_id = back.trace_id and l.span_id = back.above_id and l.above_id = back.span_id
    where
        d.has_usage
        and back.span_id is null
        and ((a.kind = 'call' and not l.crossed) or (a.kind = 'agent' and a.has_usage))
),

told_above as (
    select distinct
        l.trace_id,
        l.span_id
    from lineage as l
    inner join spans as d on l.trace_id = d.trace_id and l.span_id = d.span_id
    inner join spans as a on l.trace_id = a.trace_id and l.above_id = a.span_id
    left join rolled_up as r on l.trace_id = r.trace_id and l.above_id = r.span_id
    where
        d.kind = 'call'
        and not d.has_usage
        and d.success
        and a.kind = 'call'
        and a.has_usage
        and not l.crossed
        and r.span_id is null
),

ruled as (
    select
        trace_id,
        span_id,
        'usage_on_descendant' as rule
    from rolled_up
    union all
    select
        t.trace_id,
        t.span_id,
        'usage_on_ancestor' as rule
    from told_above as t
    left join rolled_up as r on t.trace_id = r.trace_id and t.span_id = r.span_id
    where r.span_id is null
)

select
    s.file_id,
    s.line,
    s.day,
    r.rule
from rows_of_traces as s
inner join ruled as r on s.trace_id = r.trace_id and s.span_id = r.span_id
where s.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
