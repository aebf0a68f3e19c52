-- How a provider counts and when it bills.
-- grain: provider, model, unit, valid_from
-- materialized: loaded
-- columns:
--   tier_mode: whole_request (the tier reached prices all), or graduated (each unit pays the price of its own band)
--   tier_basis: what is compared with tier_above: total_input, or quantity (how much of the very unit the call used)
--   tier_comparison: whether a request of exactly tier_above is in the tier (>=) or not (>)
--   min_quantity: least that is billed of `unit`
--   increment: step that `unit` is billed in
--   price_instant: which instant of a call chooses its price, start or end
create table pricing.rules (
    provider varchar not null,
    model varchar,
    unit varchar,
    tier_mode varchar not null,
    tier_basis varchar not null,
    tier_comparison varchar not null,
    min_quantity bigint not null,
    increment bigint not null,
    price_instant varchar not null,
    valid_from timestamp not null,
    valid_to timestamp not null
)
