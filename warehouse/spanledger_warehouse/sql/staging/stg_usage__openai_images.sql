-- Usage objects of OpenAI's images: text and images in, images out.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    usage_raw ->> '$.input_tokens' as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.input_tokens_details.cached_tokens' as cache_read_text,
    usage_raw ->> '$.input_tokens_details.image_tokens' as input_image_text,
    usage_raw ->> '$.output_tokens' as output_text,
    coalesce(usage_raw ->> '$.output_tokens_details.image_tokens', usage_raw ->> '$.output_tokens')
        as output_image_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_images' and json_valid(usage_raw)
