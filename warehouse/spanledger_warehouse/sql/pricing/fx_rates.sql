-- What one unit of a currency was worth, by day of use.
-- grain: currency, date
-- materialized: loaded
-- columns:
--   date: day of use (UTC)
--   usd_per_unit: what one unit of the currency was worth (USD)
--   source: who says so
create table pricing.fx_rates (
    date date not null,
    currency varchar not null,
    usd_per_unit decimal(18, 10) not null,
    source varchar not null,
    file varchar not null,
    seed_line bigint not null
)
