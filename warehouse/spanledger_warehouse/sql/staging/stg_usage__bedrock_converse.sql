-- Bedrock's Converse. inputTokens excludes cache reads and writes; the …TokenCount keys are twins of the …Tokens keys;
-- cacheDetails splits the writes by time to live.
-- grain: file_id, line
-- materialized: view
with stated as (
    select
        file_id,
        line,
        day,
        usage_raw as usage,
        usage_raw ->> '$.totalTokens' as total_text,
        coalesce(usage_raw ->> '$.cacheReadInputTokens', usage_raw ->> '$.cacheReadInputTokenCount') as cache_read_text,
        coalesce(usage_raw ->> '$.cacheWriteInputTokens', usage_raw ->> '$.cacheWriteInputTokenCount') as written_text,
        list_sum(list_transform(
            list_filter(json_extract(usage_raw, '$.cacheDetails[*]'), lambda d: d ->> '$.ttl' = '1h'),
            lambda d: staging.as_count(d ->> '$.inputTokens')
        )) as for_an_hour
    from raw.spans
    where usage_family = 'bedrock_converse' and json_valid(usage_raw)
)

select
    file_id,
    line,
    day,
    usage ->> '$.inputTokens' as input_text,
    false as input_is_inclusive,
    cache_read_text,
    staging.rest_of(written_text, cast(for_an_hour as varchar), null) as cache_write_text,
    cast(for_an_hour as varchar) as cache_write_1h_text,
    usage ->> '$.outputTokens' as output_text,
    total_text
from stated
