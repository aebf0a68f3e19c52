-- Keys that spans of several days share, so that the spans of a day find their kin without a look at other days: the
-- identity of a call (at any distance), the id of an answer and the trace of other instrumentations (within 35 days).
-- grain: kind, key, day
-- materialized: loaded
-- columns:
--   kind: call, answer or trace
--   key: the call_id, response_id or trace_id
create table staging.links (
    kind varchar not null,
    key varchar not null,
    day date not null
)
