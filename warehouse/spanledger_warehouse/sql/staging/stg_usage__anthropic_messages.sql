-- Usage objects of Anthropic messages. input_tokens excludes cache reads and writes; the cache_creation object splits
-- the writes by time to live; writes that it does not name lived five minutes (the documented default). What its
-- iterations count beyond these figures is in stg_usage__anthropic_iterations.
-- grain: file_id, line
-- materialized: view
-- columns:
--   cache_write_5m_text: input tokens written to a cache for five minutes
--   cache_write_1h_text: input tokens written to a cache for one hour
select
    file_id,
    line,
    day,
    usage_raw ->> '$.input_tokens' as input_text,
    false as input_is_inclusive,
    usage_raw ->> '$.cache_read_input_tokens' as cache_read_text,
    staging.rest_of(
        usage_raw ->> '$.cache_creation_input_tokens',
        usage_raw ->> '$.cache_creation.ephemeral_5m_input_tokens',
        usage_raw ->> '$.cache_creation.ephemeral_1h_input_tokens'
    ) as cache_write_text,
    usage_raw ->> '$.cache_creation.ephemeral_5m_input_tokens' as cache_write_5m_text,
    usage_raw ->> '$.cache_creation.ephemeral_1h_input_tokens' as cache_write_1h_text,
    usage_raw ->> '$.output_tokens' as output_text,
    usage_raw ->> '$.output_tokens_details.thinking_tokens' as reasoning_text,
    usage_raw ->> '$.server_tool_use.web_search_requests' as web_search_text
from raw.spans
where usage_family = 'anthropic_messages' and json_valid(usage_raw)
