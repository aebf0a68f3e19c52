-- Google's `:predict`: the SDK sums the token counts that stand beside each vector, and counts Imagen's images.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    coalesce(usage_raw ->> '$.token_count', case when usage_raw ->> '$.generated_images' is not null then '0' end)
        as input_text,
    true as input_is_inclusive,
    '0' as output_text,
    usage_raw ->> '$.generated_images' as generated_image_text
from raw.spans
where usage_family = 'vertex_predict' and json_valid(usage_raw)
