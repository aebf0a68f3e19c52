-- Lines of landing files that were refused; their bytes wait in the quarantine folder.
-- grain: file_id, line
-- materialized: loaded
-- columns:
--   reason: short name of why it was refused
--   detail: the value that was refused, in words
--   bytes: size of the refused line (bytes)
--   quarantine_path: file in the quarantine folder that holds the line's bytes
create table raw.rejects (
    file_id bigint not null,
    path varchar not null,
    line bigint not null,
    reason varchar not null,
    detail varchar,
    bytes bigint not null,
    quarantine_path varchar not null,
    loaded_at timestamp not null,
    run_id varchar not null
)
