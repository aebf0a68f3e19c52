-- Everything the last run wants a person to know: failed identities, refused lines, marked calls, lost spans.
-- grain: check_name
-- materialized: full
-- columns:
--   check_name: name of the check
--   table_name: table that it looks at
--   severity: error (money would be wrong), warning or info
--   violations: rows that the check found
--   example: one of them, with file and line or call id
--   message: what was found, in words
--   what_to_do: the next step
--   checked_at: when the check ran (UTC)
select
    check_name,
    table_name,
    severity,
    violations,
    example,
    message,
    what_to_do,
    checked_at,
    run_id
from ops.check_results
where violations > 0 and run_id = (select arg_max(r.run_id, r.started_at) from ops.runs as r)
