-- Lines of landing files were refused in the last seven days; their bytes are in the quarantine folder.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.rejects
-- severity: warning
-- todo: Mend the sender; the quarantined bytes can be put into the landing zone again after a fix.
select
    path || ':' || cast(line as varchar) || ': ' || reason || ': ' || coalesce(detail, '') as example,
    1 as weight
from raw.rejects
where loaded_at > (select max(f.loaded_at) from raw.files as f) - interval 7 days
