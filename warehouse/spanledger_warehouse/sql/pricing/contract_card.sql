-- The agreed prices compiled wide, a column per common unit, for the calls of the days being priced.
-- grain: tenant_id, billing_provider, card_id, valid_from
-- materialized: for the run
-- columns:
--   {unit}_agreed: agreed price of one unit {unit} (USD); null when it has none, or none in USD
--   {unit}_agreed_12: the same where it has at most twelve places, so that amounts need no rounding; else null
select
    tenant_id,
    billing_provider,
    card_id,
    valid_from,
    /* each unit */
    max(contracted_unit_price) filter (where unit = 'input') as input_agreed,
    max(contracted_unit_price_12) filter (where unit = 'input') as input_agreed_12,
    /* end unit */
    valid_to
from pricing.contract_prices
group by tenant_id, billing_provider, card_id, valid_from, valid_to
