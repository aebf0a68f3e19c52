-- The rate card compiled wide: one row per model, context, region, tier and interval, a column per common unit.
-- grain: card_id
-- materialized: full
-- columns:
--   input_price: price of one unit input (USD); null when it has none
--   input_price_id: price row of input_price
--   cache_read_price: price of one unit cache_read (USD); null when it has none
--   cache_read_price_id: price row of cache_read_price
--   cache_write_5m_price: price of one unit cache_write_5m (USD); null when it has none
--   cache_write_5m_price_id: price row of cache_write_5m_price
--   cache_write_1h_price: price of one unit cache_write_1h (USD); null when it has none
--   cache_write_1h_price_id: price row of cache_write_1h_price
--   output_price: price of one unit output (USD); null when it has none
--   output_price_id: price row of output_price
--   reasoning_price: price of one unit reasoning (USD); null when it has none
--   reasoning_price_id: price row of reasoning_price
--   input_audio_price: price of one unit input_audio (USD); null when it has none
--   input_audio_price_id: price row of input_audio_price
--   output_audio_price: price of one unit output_audio (USD); null when it has none
--   output_audio_price_id: price row of output_audio_price
--   input_image_price: price of one unit input_image (USD); null when it has none
--   input_image_price_id: price row of input_image_price
--   output_image_price: price of one unit output_image (USD); null when it has none
--   output_image_price_id: price row of output_image_price
--   web_search_price: price of one unit web_search (USD); null when it has none
--   web_search_price_id: price row of web_search_price
--   request_price: price of one unit request (USD); null when it has none
--   request_price_id: price row of request_price
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
    valid_from,
    valid_to,
    max(unit_price) filter (where unit = 'input') as input_price,
    max(price_id) filter (where unit = 'input') as input_price_id,
    max(unit_price) filter (where unit = 'cache_read') as cache_read_price,
    max(price_id) filter (where unit = 'cache_read') as cache_read_price_id,
    max(unit_price) filter (where unit = 'cache_write_5m') as cache_write_5m_price,
    max(price_id) filter (where unit = 'cache_write_5m') as cache_write_5m_price_id,
    max(unit_price) filter (where unit = 'cache_write_1h') as cache_write_1h_price,
    max(price_id) filter (where unit = 'cache_write_1h') as cache_write_1h_price_id,
    max(unit_price) filter (where unit = 'output') as output_price,
    max(price_id) filter (where unit = 'output') as output_price_id,
    max(unit_price) filter (where unit = 'reasoning') as reasoning_price,
    max(price_id) filter (where unit = 'reasoning') as reasoning_price_id,
    max(unit_price) filter (where unit = 'input_audio') as input_audio_price,
    max(price_id) filter (where unit = 'input_audio') as input_audio_price_id,
    max(unit_price) filter (where unit = 'output_audio') as output_audio_price,
    max(price_id) filter (where unit = 'output_audio') as output_audio_price_id,
    max(unit_price) filter (where unit = 'input_image') as input_image_price,
    max(price_id) filter (where unit = 'input_image') as input_image_price_id,
    max(unit_price) filter (where unit = 'output_image') as output_image_price,
    max(price_id) filter (where unit = 'output_image') as output_image_price_id,
    max(unit_price) filter (where unit = 'web_search') as web_search_price,
    max(price_id) filter (where unit = 'web_search') as web_search_price_id,
    max(unit_price) filter (where unit = 'request') as request_price,
    max(price_id) filter (where unit = 'request') as request_price_id
from pricing.price_cells
group by
    card_id, provider, model, context, region, price_window, tier_above, tier_from_tokens, tier_to_tokens, valid_from,
    valid_to
