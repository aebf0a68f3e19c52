-- The rate card compiled wide: one row per model, context, region, tier and interval, a column per common unit.
-- grain: card_id
-- materialized: full
-- columns:
--   {unit}_price: price of one unit {unit} (USD); null when it has none
--   {unit}_price_12: the same where it has at most twelve places, so that amounts need no rounding; else null
--   {unit}_price_id: price row of {unit}_price
select
    card_id,
    provider,
    model,
    context,
    region,
    price_window,
    tier_above,
    tier_from_tokens,
    tier_to_tokens,
    is_wide,
    /* each unit */
    max(unit_price) filter (where unit = 'input') as input_price,
    max(unit_price_12) filter (where unit = 'input') as input_price_12,
    max(price_id) filter (where unit = 'input') as input_price_id,
    /* end unit */
    valid_from,
    valid_to
from pricing.price_cells
group by
    card_id, provider, model, context, region, price_window, tier_above, tier_from_tokens, tier_to_tokens, is_wide,
    valid_from, valid_to
