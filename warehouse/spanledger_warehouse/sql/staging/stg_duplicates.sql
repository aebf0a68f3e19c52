-- Spans that repeat another: further copies of a call, however far apart, and calls about an answer that another call
-- within 35 days is about too. What counts is the copy that knows its usage best, ours before others'.
-- grain: file_id, line
-- materialized: by day
-- columns:
--   copy: 0 is the row that counts; 1, 2 … are further copies of the same call
with linked as (
    select distinct
        other.kind,
        other.key,
        other.day
    from staging.links as here
    inner join staging.links as other on here.kind = other.kind and here.key = other.key and here.day <> other.day
    where here.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

/* The spans of the days, and their kin of other days. */
spans as (
    select s.*
    from raw.spans as s
    where s.day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
    union all
    select s.*
    from raw.spans as s
    inner join linked as l on s.day = l.day and s.call_id = l.key
    where
        l.kind = 'call'
        and s.day not between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
    union all
    select s.*
    from raw.spans as s
    inner join linked as l on s.day = l.day and trim(s.response_id) = l.key
    left join linked as c on s.day = c.day and s.call_id = c.key and c.kind = 'call'
    where
        l.kind = 'answer'
        and c.key is null
        and s.day not between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
),

nearby as (
    select
        s.file_id,
        s.line,
        s.day,
        s.call_id,
        nullif(trim(s.response_id), '') as response_id,
        s.ended_at,
        case
            when s.usage_status = 'complete'
                then coalesce(s.input_tokens_text || '/' || s.output_tokens_text, s.usage_raw)
            when f.has_usage then concat_ws('/', f.input_text, f.output_text)
        end as said,
        struct_pack(
            is_rolled_up := r.rule is not null,
            usage_rank := case
                when s.usage_status = 'complete' then 0
                when s.usage_status = 'partial' then 1
                when
                    s.usage_status is null
                    and coalesce(
                        f.has_usage, coalesce(s.usage_raw, s.input_tokens_text, s.output_tokens_text) is not null
                    )
                    then 1
                else 2
            end,
            scope_rank := case when s.scope = 'spanledger' then 0 else 1 end,
            ended_at := s.ended_at,
            call_id := s.call_id,
            content_hash := s.content_hash,
            file_id := s.file_id,
            line := s.line,
            scope := coalesce(s.scope, '')
        ) as precedence
    from spans as s
    left join staging.all_foreign_spans as f on s.day = f.day and s.file_id = f.file_id and s.line = f.line
    left join staging.all_roll_ups as r on s.day = r.day and s.file_id = r.file_id and s.line = r.line
),

same_call as (
    select
        file_id,
        line,
        day,
        cast(row_number() over (partition by call_id order by precedence) - 1 as integer) as copy
    from nearby
    where
        call_id in (
            select n.call_id from nearby as n
            group by n.call_id
            having count(*) > 1
        )
),

/* A row gives way to the first by `precedence` within 35 days of it, so what a row is depends on no other days,
whichever days are built together; the first of all gives way to none. */
same_answer as (
    select
        file_id,
        line,
        day,
        call_id,
        precedence,
        min(precedence) over window_of_answer as first,
        min(said) over window_of_words as least_said,
        max(said) over window_of_words as most_said
    from nearby
    where
        response_id in (
            select n.response_id from nearby as n
            group by n.response_id
            having count(distinct n.call_id) > 1
        )
    window
        window_of_answer as (
            partition by response_id order by ended_at
            range between interval 35 days preceding and interval 35 days following
        ),
        window_of_words as (
            partition by response_id, precedence.scope order by ended_at
            range between interval 35 days preceding and interval 35 days following
        )
)

/* An id under which one instrumentation says two different usages is no identity: some servers give every answer the
same. Two instrumentations may well count one answer differently. */
select
    file_id,
    line,
    day,
    copy
from same_call
where copy > 0
union all
select
    a.file_id,
    a.line,
    a.day,
    0 as copy
from same_answer as a
left join same_call as c on a.file_id = c.file_id and a.line = c.line
where
    a.first.call_id <> a.call_id
    and coalesce(c.copy, 0) = 0
    and (a.first.scope <> a.precedence.scope or a.least_said is not distinct from a.most_said)
