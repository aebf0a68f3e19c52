-- Accepted loss records of the batch into raw.losses.
-- grain: file_id, line
insert into raw.losses by name
select
    file_id,
    line,
    r.process,
    r.service,
    landing_time(r.at_unix_nano) as lost_at,
    coalesce(r.reason, 'unknown') as reason,
    staging.as_count(r.count) as lost_spans
from landing_records
where problem is null and r.kind = 'loss';
