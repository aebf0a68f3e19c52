-- The days on which a process, or a trace of another instrumentation, sent spans: how a late copy of a call finds the
-- first one however far back, without a look at every span. A file that is not in here was not linked yet.
-- grain: file_id, identity, day
-- materialized: loaded
-- columns:
--   identity: the process of our spans, the trace id of others, as the number that MD5 makes of it
--   first_sequence: smallest sequence of the process in the file on that day; null for a trace
--   last_sequence: largest sequence of the process in the file on that day; null for a trace
create table staging.identity_days (
    file_id bigint not null,
    identity ubigint not null,
    day date not null,
    first_sequence bigint,
    last_sequence bigint
)
