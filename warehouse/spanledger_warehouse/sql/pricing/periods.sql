-- Closed months, as periods.csv says; of every warehouse that prices from these seeds.
-- grain: warehouse, month
-- materialized: loaded
-- columns:
--   warehouse: id of the warehouse that closed the month
--   month: closed month (UTC), as YYYY-MM
--   release: release of Spanledger that priced the row, or the month
--   digest: sha256 of the SHA256SUMS file of the month's artifact
create table pricing.periods (
    warehouse varchar not null,
    month varchar not null,
    seeds_commit varchar not null,
    release varchar not null,
    digest varchar not null,
    note varchar,
    file varchar,
    seed_line integer
)
