-- Trailers of sealed spool files; a process without a closed trailer never ended in order.
-- grain: file_id, line
-- materialized: loaded
-- columns:
--   segment: number of the file within its process, from 1
--   first_sequence: smallest sequence in the file; null when it holds no span
--   last_sequence: largest sequence in the file; null when it holds no span
--   span_count: spans that the writer put into the file
--   dropped: spans that the process had lost until then
--   issued: largest sequence given out when the file was sealed
--   in_flight: sequences given out whose call had not ended yet
--   closed: true in the last file of a process that ended in order
--   sealed_at: when the file was sealed (UTC)
create table raw.segments (
    file_id bigint not null,
    line bigint not null,
    process varchar not null,
    service varchar,
    segment bigint not null,
    first_sequence bigint,
    last_sequence bigint,
    span_count bigint not null,
    dropped bigint not null,
    issued bigint,
    in_flight bigint [],
    closed boolean not null,
    sealed_at timestamp
)
