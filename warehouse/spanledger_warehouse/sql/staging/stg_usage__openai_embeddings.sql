-- Usage objects of OpenAI embeddings: input only.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    usage_raw ->> '$.prompt_tokens' as input_text,
    true as input_is_inclusive,
    cast(null as varchar) as cache_read_text,
    cast(null as varchar) as cache_write_text,
    cast(null as varchar) as cache_write_5m_text,
    cast(null as varchar) as cache_write_1h_text,
    cast(null as varchar) as cache_write_30m_text,
    cast(null as varchar) as cache_write_12h_text,
    usage_raw ->> '$.prompt_tokens_details.audio_tokens' as input_audio_text,
    usage_raw ->> '$.prompt_tokens_details.image_tokens' as input_image_text,
    '0' as output_text,
    cast(null as varchar) as reasoning_text,
    cast(null as varchar) as output_audio_text,
    cast(null as varchar) as output_image_text,
    cast(null as varchar) as web_search_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_embeddings' and json_valid(usage_raw)
