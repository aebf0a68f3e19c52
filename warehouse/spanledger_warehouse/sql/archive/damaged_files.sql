-- Files of the archive whose records are not all there, word for word, or were not all accepted when read again.
-- grain: file_id
with loaded as (
    select
        file_id,
        count(*) as records
    from (
        select file_id from raw.spans
        union all
        select file_id from raw.losses
        union all
        select file_id from raw.segments
    )
    group by file_id
)

select
    f.path,
    f.archived_lines as wanted,
    coalesce(d.archived_lines, 0) as found,
    coalesce(l.records, 0) as loaded
from archived_files as f
left join archived_digests as d on f.file_id = d.file_id
left join loaded as l on f.file_id = l.file_id
where
    f.archived_lines <> coalesce(d.archived_lines, 0)
    or f.digest <> coalesce(d.digest, '0')
    or f.archived_lines <> coalesce(l.records, 0)
order by f.file_id
