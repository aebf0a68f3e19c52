-- Usage objects of the OpenAI Responses API. Cache reads and writes are inside input_tokens, reasoning inside
-- output_tokens.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    usage_raw ->> '$.input_tokens' as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.input_tokens_details.cached_tokens' as cache_read_text,
    staging.rest_of(
        usage_raw ->> '$.input_tokens_details.cache_write_tokens',
        usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_30m_tokens',
        usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_12h_tokens'
    ) as cache_write_text,
    cast(null as varchar) as cache_write_5m_text,
    cast(null as varchar) as cache_write_1h_text,
    usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_30m_tokens' as cache_write_30m_text,
    usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_12h_tokens' as cache_write_12h_text,
    usage_raw ->> '$.input_tokens_details.audio_tokens' as input_audio_text,
    usage_raw ->> '$.input_tokens_details.image_tokens' as input_image_text,
    usage_raw ->> '$.output_tokens' as output_text,
    usage_raw ->> '$.output_tokens_details.reasoning_tokens' as reasoning_text,
    usage_raw ->> '$.output_tokens_details.audio_tokens' as output_audio_text,
    usage_raw ->> '$.output_tokens_details.image_tokens' as output_image_text,
    cast(null as varchar) as web_search_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_responses' and json_valid(usage_raw)
