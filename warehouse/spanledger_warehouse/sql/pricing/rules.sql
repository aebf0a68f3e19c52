-- How a provider counts and when it bills.
-- grain: provider, model, unit, valid_from
-- materialized: loaded
-- columns:
--   tier_mode: whole_request: the tier that the request falls into prices all of it
--   tier_basis: what is compared with tier_above
--   tier_comparison: whether a request of exactly tier_above tokens is in the tier (>=) or not (>)
--   min_quantity: least that is billed of `unit`
--   increment: step that `unit` is billed in
create table pricing.rules (
    provider varchar not null,
    model varchar,
    unit varchar,
    tier_mode varchar not null,
    tier_basis varchar not null,
    tier_comparison varchar not null,
    min_quantity bigint not null,
    increment bigint not null,
    valid_from timestamp not null,
    valid_to timestamp not null
)
