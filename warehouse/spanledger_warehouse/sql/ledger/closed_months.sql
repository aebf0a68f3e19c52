-- The months that this warehouse has closed, from periods.csv, each with its artifact.
-- grain: month
-- materialized: loaded
-- columns:
--   first_day: first day of the month
--   last_day: last day of the month
--   artifact: size and time of the artifact's files when they were last read whole
create table ledger.closed_months (
    month varchar not null,
    warehouse varchar not null,
    first_day date not null,
    last_day date not null,
    seeds_commit varchar not null,
    release varchar not null,
    digest varchar not null,
    artifact varchar not null
)
