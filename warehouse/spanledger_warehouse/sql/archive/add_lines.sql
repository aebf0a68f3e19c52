-- The accepted lines of one landing file, word for word, with the day that each belongs to. A span's line must be the
-- one that was loaded: it has the hash that was taken then.
-- grain: file_id, line
insert into archive_lines
with accepted as (
    select
        line,
        'span' as kind,
        day,
        content_hash
    from raw.spans
    where file_id = $file_id
    union all
    select
        line,
        'loss' as kind,
        cast(lost_at as date) as day,
        null as content_hash
    from raw.losses
    where file_id = $file_id
    union all
    select
        line,
        'segment' as kind,
        coalesce(cast(sealed_at as date), cast($loaded_at as date)) as day,
        null as content_hash
    from raw.segments
    where file_id = $file_id
)

select
    cast($file_id as bigint) as file_id,
    a.line,
    a.kind,
    a.day,
    l.body,
    md5(l.body) as line_hash
from accepted as a
inner join landing_lines as l on a.line = l.line
where a.content_hash is null or a.content_hash = md5(l.body)
