-- The agreed prices compiled wide, a column per common unit, for the calls of the days being priced.
-- grain: tenant_id, billing_provider, card_id, valid_from
-- materialized: for the run
-- columns:
--   input_agreed: agreed price of one unit input (USD); null when it has none
--   cache_read_agreed: agreed price of one unit cache_read (USD); null when it has none
--   cache_write_5m_agreed: agreed price of one unit cache_write_5m (USD); null when it has none
--   cache_write_1h_agreed: agreed price of one unit cache_write_1h (USD); null when it has none
--   output_agreed: agreed price of one unit output (USD); null when it has none
--   reasoning_agreed: agreed price of one unit reasoning (USD); null when it has none
--   input_audio_agreed: agreed price of one unit input_audio (USD); null when it has none
--   output_audio_agreed: agreed price of one unit output_audio (USD); null when it has none
--   input_image_agreed: agreed price of one unit input_image (USD); null when it has none
--   output_image_agreed: agreed price of one unit output_image (USD); null when it has none
--   web_search_agreed: agreed price of one unit web_search (USD); null when it has none
--   request_agreed: agreed price of one unit request (USD); null when it has none
select
    tenant_id,
    billing_provider,
    card_id,
    valid_from,
    valid_to,
    max(contracted_unit_price) filter (where unit = 'input') as input_agreed,
    max(contracted_unit_price) filter (where unit = 'cache_read') as cache_read_agreed,
    max(contracted_unit_price) filter (where unit = 'cache_write_5m') as cache_write_5m_agreed,
    max(contracted_unit_price) filter (where unit = 'cache_write_1h') as cache_write_1h_agreed,
    max(contracted_unit_price) filter (where unit = 'output') as output_agreed,
    max(contracted_unit_price) filter (where unit = 'reasoning') as reasoning_agreed,
    max(contracted_unit_price) filter (where unit = 'input_audio') as input_audio_agreed,
    max(contracted_unit_price) filter (where unit = 'output_audio') as output_audio_agreed,
    max(contracted_unit_price) filter (where unit = 'input_image') as input_image_agreed,
    max(contracted_unit_price) filter (where unit = 'output_image') as output_image_agreed,
    max(contracted_unit_price) filter (where unit = 'web_search') as web_search_agreed,
    max(contracted_unit_price) filter (where unit = 'request') as request_agreed
from pricing.contract_prices
group by tenant_id, billing_provider, card_id, valid_from, valid_to
