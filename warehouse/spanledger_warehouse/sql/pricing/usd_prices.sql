-- The prices in force in USD: as they are, or at the exchange rate of each single day. A day without a rate of its own
-- has no price in that currency: no rate is carried over in silence. The operator's defaults are among them, as the
-- prices of a model named (default).
-- grain: price_id, valid_from
-- materialized: loaded
-- columns:
--   fx_id: exchange rate used, as currency and date; null for prices in USD
create table pricing.usd_prices (
    price_id varchar not null,
    provider varchar not null,
    model varchar not null,
    unit varchar not null,
    context varchar not null,
    region varchar not null,
    price_window varchar not null,
    tier_above bigint not null,
    unit_price decimal(20, 16) not null,
    currency varchar not null,
    fx_id varchar,
    valid_from timestamp not null,
    valid_to timestamp not null
)
