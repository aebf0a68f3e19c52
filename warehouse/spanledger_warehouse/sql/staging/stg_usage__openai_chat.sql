-- Usage objects of OpenAI chat and legacy completions, and of hosts that answer in their shape (OpenRouter, gateways).
-- Cached, cache-written, audio and image tokens are inside prompt_tokens; reasoning and audio inside completion_tokens.
-- grain: file_id, line
-- materialized: view
-- columns:
--   input_text: input tokens as the provider counts them
--   input_is_inclusive: whether input_text already contains cache reads and writes
--   cache_read_text: input tokens read from a cache
--   cache_write_text: input tokens written to a cache for a time that nobody stated
--   cache_write_5m_text: input tokens written to a cache for five minutes
--   cache_write_1h_text: input tokens written to a cache for one hour
--   cache_write_30m_text: input tokens written to a cache for thirty minutes
--   cache_write_12h_text: input tokens written to a cache for twelve hours
--   input_audio_text: audio tokens inside the input
--   input_image_text: image tokens inside the input
--   output_text: output tokens as the provider counts them, reasoning included
--   reasoning_text: output tokens spent on reasoning
--   output_audio_text: audio tokens inside the output
--   output_image_text: image tokens inside the output
--   web_search_text: web searches made by the provider
--   total_text: the provider's own total of input and output tokens
select
    file_id,
    line,
    day,
    usage_raw ->> '$.prompt_tokens' as input_text,
    true as input_is_inclusive,
    coalesce(
        usage_raw ->> '$.prompt_tokens_details.cached_tokens',
        usage_raw ->> '$.prompt_cache_hit_tokens'
    ) as cache_read_text,
    staging.rest_of(
        usage_raw ->> '$.prompt_tokens_details.cache_write_tokens',
        usage_raw ->> '$.prompt_tokens_details.cache_write_tokens_details.ttl_30m_tokens',
        usage_raw ->> '$.prompt_tokens_details.cache_write_tokens_details.ttl_12h_tokens'
    ) as cache_write_text,
    cast(null as varchar) as cache_write_5m_text,
    cast(null as varchar) as cache_write_1h_text,
    usage_raw ->> '$.prompt_tokens_details.cache_write_tokens_details.ttl_30m_tokens' as cache_write_30m_text,
    usage_raw ->> '$.prompt_tokens_details.cache_write_tokens_details.ttl_12h_tokens' as cache_write_12h_text,
    usage_raw ->> '$.prompt_tokens_details.audio_tokens' as input_audio_text,
    usage_raw ->> '$.prompt_tokens_details.image_tokens' as input_image_text,
    usage_raw ->> '$.completion_tokens' as output_text,
    usage_raw ->> '$.completion_tokens_details.reasoning_tokens' as reasoning_text,
    usage_raw ->> '$.completion_tokens_details.audio_tokens' as output_audio_text,
    usage_raw ->> '$.completion_tokens_details.image_tokens' as output_image_text,
    cast(null as varchar) as web_search_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_chat' and json_valid(usage_raw)
