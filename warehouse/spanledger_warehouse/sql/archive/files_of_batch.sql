-- The files of a batch with what was refused of each, and a digest over its archived lines, whatever their order.
-- grain: file_id
with digests as (
    select
        file_id,
        count(*) as archived_lines,
        cast(bit_xor(md5_number(line || ' ' || line_hash)) as varchar) as digest
    from archive_lines
    group by file_id
),

refused as (
    select
        file_id,
        list(r order by r.line) as rejects
    from raw.rejects as r
    group by file_id
)

select
    f.*,
    coalesce(d.archived_lines, 0) as archived_lines,
    coalesce(d.digest, '0') as digest,
    r.rejects
from raw.files as f
left join digests as d on f.file_id = d.file_id
left join refused as r on f.file_id = r.file_id
where f.file_id in (select b.file_id from archive_batch as b)
order by f.file_id
