-- Usage objects of OpenAI embeddings, and of reranking that is counted the same way: input only. Voyage and Jina name a
-- total only.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    coalesce(usage_raw ->> '$.prompt_tokens', usage_raw ->> '$.total_tokens') as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.prompt_tokens_details.cached_tokens' as cache_read_text,
    usage_raw ->> '$.prompt_tokens_details.audio_tokens' as input_audio_text,
    usage_raw ->> '$.prompt_tokens_details.image_tokens' as input_image_text,
    '0' as output_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_embeddings' and json_valid(usage_raw)
