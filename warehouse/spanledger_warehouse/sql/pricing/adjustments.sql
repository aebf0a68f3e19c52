-- Uplifts of list prices, and what was agreed with a provider: discounts and override prices.
-- grain: adjustment, seed_line
-- materialized: loaded
-- columns:
--   adjustment: name of an uplift or a contract
--   kind: uplift, discount or override
--   factor: what the price is multiplied by; null for overrides
--   override_price: agreed price of one unit (in `currency`); null for uplifts and discounts
--   reference: the contract, or where an uplift is published
--   specificity: how many columns of its scope are given; among the adjustments of one price the highest wins
create table pricing.adjustments (
    adjustment varchar not null,
    kind varchar not null,
    tenant varchar,
    provider varchar,
    model varchar,
    unit varchar,
    context varchar,
    region varchar,
    valid_from timestamp not null,
    valid_to timestamp not null,
    factor decimal(18, 10),
    override_price decimal(20, 16),
    currency varchar,
    reference varchar,
    specificity integer not null,
    file varchar not null,
    seed_line bigint not null
)
