-- Bedrock's InvokeModel where the model has no family of its own: Bedrock's figures (whose input excludes the cache),
-- Titan's (which come as 28.0, too) and Llama's.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    coalesce(
        usage_raw ->> '$.inputTokenCount',
        usage_raw ->> '$.prompt_token_count',
        regexp_replace(usage_raw ->> '$.inputTextTokenCount', '[.]0$', '')
    ) as input_text,
    false as input_is_inclusive,
    usage_raw ->> '$.cacheReadInputTokenCount' as cache_read_text,
    usage_raw ->> '$.cacheWriteInputTokenCount' as cache_write_text,
    coalesce(
        usage_raw ->> '$.outputTokenCount',
        usage_raw ->> '$.generation_token_count',
        regexp_replace(usage_raw ->> '$.totalOutputTextTokenCount', '[.]0$', ''),
        cast(list_sum(list_transform(
            json_extract_string(usage_raw, '$.results[*].tokenCount'),
            lambda c: staging.as_count(regexp_replace(c, '[.]0$', ''))
        )) as varchar)
    ) as output_text
from raw.spans
where usage_family = 'bedrock_invoke' and json_valid(usage_raw)
