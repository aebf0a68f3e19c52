-- Loss records: spans that a process says it could not write.
-- grain: file_id, line
-- materialized: loaded
-- columns:
--   lost_at: when the process noticed the loss (UTC)
--   lost_spans: spans lost since the last such record
create table raw.losses (
    file_id bigint not null,
    line bigint not null,
    process varchar not null,
    service varchar,
    lost_at timestamp not null,
    reason varchar not null,
    lost_spans bigint not null
)
