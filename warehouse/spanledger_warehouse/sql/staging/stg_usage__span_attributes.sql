-- Usage of spans without a usage object of a known family: the standard token attributes, which by the conventions
-- include cache in the input and reasoning in the output.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    input_tokens_text as input_text,
    true as input_is_inclusive,
    cache_read_tokens_text as cache_read_text,
    cache_write_tokens_text as cache_write_text,
    cast(null as varchar) as cache_write_5m_text,
    cast(null as varchar) as cache_write_1h_text,
    cast(null as varchar) as cache_write_30m_text,
    cast(null as varchar) as cache_write_12h_text,
    cast(null as varchar) as input_audio_text,
    cast(null as varchar) as input_image_text,
    output_tokens_text as output_text,
    reasoning_tokens_text as reasoning_text,
    cast(null as varchar) as output_audio_text,
    cast(null as varchar) as output_image_text,
    cast(null as varchar) as web_search_text,
    cast(null as varchar) as total_text
from raw.spans
where
    usage_raw is null
    or not json_valid(usage_raw)
    or usage_family is null
    or usage_family not in ('openai_chat', 'openai_responses', 'openai_embeddings', 'anthropic_messages')
