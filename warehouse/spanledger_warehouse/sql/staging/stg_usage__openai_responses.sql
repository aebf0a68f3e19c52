-- Usage objects of the OpenAI Responses API. Cache reads and writes are inside input_tokens, reasoning inside
-- output_tokens. Searches are counted by the SDK, for the usage object leaves them out; xAI names them.
-- grain: file_id, line
-- materialized: view
-- columns:
--   file_search_text: searches in the files of the account
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
    usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_30m_tokens' as cache_write_30m_text,
    usage_raw ->> '$.input_tokens_details.cache_write_tokens_details.ttl_12h_tokens' as cache_write_12h_text,
    usage_raw ->> '$.input_tokens_details.audio_tokens' as input_audio_text,
    usage_raw ->> '$.input_tokens_details.image_tokens' as input_image_text,
    usage_raw ->> '$.output_tokens' as output_text,
    usage_raw ->> '$.output_tokens_details.reasoning_tokens' as reasoning_text,
    usage_raw ->> '$.output_tokens_details.audio_tokens' as output_audio_text,
    usage_raw ->> '$.output_tokens_details.image_tokens' as output_image_text,
    coalesce(
        usage_raw ->> '$.server_side_tool_usage_details.web_search_calls',
        case when json_valid(response_metadata) then response_metadata ->> '$.web_search_calls' end
    ) as web_search_text,
    usage_raw ->> '$.server_side_tool_usage_details.x_search_calls' as x_search_text,
    case when json_valid(response_metadata) then response_metadata ->> '$.file_search_calls' end as file_search_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_responses' and json_valid(usage_raw)
