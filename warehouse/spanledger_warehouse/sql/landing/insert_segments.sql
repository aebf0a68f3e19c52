-- Accepted segment trailers of the batch into raw.segments.
-- grain: file_id, line
insert into raw.segments by name
select
    file_id,
    line,
    r.process,
    r.service,
    staging.as_count(r.segment) as segment,
    try_cast(r.first_sequence as bigint) as first_sequence,
    try_cast(r.last_sequence as bigint) as last_sequence,
    staging.as_count(r.count) as span_count,
    coalesce(staging.as_count(r.dropped), 0) as dropped,
    try_cast(r.issued as bigint) as issued,
    try_cast(r.in_flight as bigint []) as in_flight,
    coalesce(try_cast(r.closed as boolean), false) as closed,
    landing_time(r.sealed_at_unix_nano) as sealed_at
from landing_records
where problem is null and r.kind = 'segment';
