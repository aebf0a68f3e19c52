-- On which days the processes and foreign traces of the files that were not linked yet sent spans.
-- grain: file_id, identity, day
insert into staging.identity_days by name
select
    file_id,
    md5_number_lower(case when sequence is null then trace_id else process end) as identity,
    day,
    min(sequence) as first_sequence,
    max(sequence) as last_sequence
from raw.spans
where file_id > $linked_file_id and coalesce(case when sequence is null then trace_id else process end, '') <> ''
group by all
