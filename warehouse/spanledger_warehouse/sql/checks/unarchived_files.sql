-- Loaded files could not be archived: they are gone, or hold other bytes than were loaded from them.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.files
-- severity: warning
-- todo: Put the file back as it was; until then its records are in the warehouse only, which a backup keeps.
select
    f.path as example,
    1 as weight
from raw.files as f
inner join ops.archived_files as a on f.file_id = a.file_id
where a.batch is null
