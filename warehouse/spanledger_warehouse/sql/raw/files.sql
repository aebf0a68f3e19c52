-- Landing files that were loaded, written in the same transaction as the records that each brought.
-- grain: file_id
-- materialized: loaded
-- columns:
--   file_id: number of the file in this warehouse, in order of loading
--   path: where the bytes were first found
--   sha256: digest of the bytes; the same bytes under another name are not loaded again
--   bytes: size of the file (bytes)
--   lines: lines in the file
--   spans: span records accepted
--   losses: loss records accepted
--   segments: segment trailers accepted (0 in a file whose writer never closed it)
--   rejected: lines refused, each a row of raw.rejects
--   blank: empty lines
--   loaded_at: when it was loaded (UTC)
--   run_id: the run that did something first or last, such as loading, pricing or publishing
create table raw.files (
    file_id bigint not null,
    path varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    lines bigint not null,
    spans bigint not null,
    losses bigint not null,
    segments bigint not null,
    rejected bigint not null,
    blank bigint not null,
    loaded_at timestamp not null,
    run_id varchar not null
)
