-- Usage objects of OpenAI's images: text and images in, images out; or the images that the SDK counted where the answer
-- named no usage.
-- grain: file_id, line
-- materialized: view
-- columns:
--   generated_image_text: images made, where they are billed by the piece
select
    file_id,
    line,
    day,
    coalesce(usage_raw ->> '$.input_tokens', case when usage_raw ->> '$.generated_images' is not null then '0' end)
        as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.input_tokens_details.cached_tokens' as cache_read_text,
    usage_raw ->> '$.input_tokens_details.image_tokens' as input_image_text,
    coalesce(usage_raw ->> '$.output_tokens', case when usage_raw ->> '$.generated_images' is not null then '0' end)
        as output_text,
    usage_raw ->> '$.generated_images' as generated_image_text,
    coalesce(usage_raw ->> '$.output_tokens_details.image_tokens', usage_raw ->> '$.output_tokens')
        as output_image_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_images' and json_valid(usage_raw)
