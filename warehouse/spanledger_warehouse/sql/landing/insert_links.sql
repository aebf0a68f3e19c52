-- Keys that spans of several days share, where one of these spans is in a file that was not linked yet.
-- grain: kind, key, day
insert into staging.links by name
with fresh as (
    select
        day,
        call_id,
        nullif(trim(response_id), '') as response_id,
        trace_id,
        scope,
        case when sequence is null then trace_id else process end as identity
    from raw.spans
    where file_id > $linked_file_id
),

bounds as (
    select min(day) - 35 as first_day, max(day) + 35 as last_day
    from fresh
),

-- Two days on which a process gave out the same numbers, or which share a foreign trace: at any distance.
suspects as (
    select distinct
        f.identity,
        f.day,
        o.day as other_day
    from staging.identity_days as f
    inner join staging.identity_days as o on f.identity = o.identity and f.day <> o.day
    where
        f.file_id > $linked_file_id
        and (
            f.first_sequence is null
            or (o.first_sequence <= f.last_sequence and o.last_sequence >= f.first_sequence)
        )
),

suspect_calls as (
    select distinct f.call_id
    from fresh as f
    inner join suspects as s on f.day = s.day and md5_number_lower(f.identity) = s.identity
),

calls as (
    select
        'call' as kind,
        r.call_id as key,
        r.day
    from raw.spans as r
    where
        r.call_id in (select s.call_id from suspect_calls as s)
        and r.day in (
            select s.day from suspects as s
            union all
            select s.other_day from suspects as s
        )
),

fresh_answers as (
    select distinct response_id
    from fresh
    where response_id is not null
),

answers as (
    select
        'answer' as kind,
        trim(r.response_id) as key,
        r.day
    from raw.spans as r
    where
        r.day between (select b.first_day from bounds as b) and (select b.last_day from bounds as b)
        and trim(r.response_id) in (select f.response_id from fresh_answers as f)
),

fresh_traces as (
    select distinct trace_id
    from fresh
    where scope is distinct from 'spanledger' and trace_id is not null
    union
    select distinct f.trace_id
    from fresh as f
    where
        f.scope = 'spanledger'
        and md5_number_lower(f.trace_id) in (
            select i.identity from staging.identity_days as i
            where i.first_sequence is null
        )
),

traces as (
    select
        'trace' as kind,
        r.trace_id as key,
        r.day
    from raw.spans as r
    where
        r.day between (select b.first_day from bounds as b) and (select b.last_day from bounds as b)
        and r.trace_id in (select f.trace_id from fresh_traces as f)
),

found as (
    select * from calls
    union all
    select * from answers
    union all
    select * from traces
),

shared as (
    select
        kind,
        key
    from found
    group by kind, key
    having min(day) < max(day)
),

days as (
    select distinct
        f.kind,
        f.key,
        f.day
    from found as f
    semi join shared as s on f.kind = s.kind and f.key = s.key
)

select d.*
from days as d
anti join staging.links as l on d.kind = l.kind and d.key = l.key and d.day = l.day
