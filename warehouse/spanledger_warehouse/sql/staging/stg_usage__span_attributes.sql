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
    output_tokens_text as output_text,
    reasoning_tokens_text as reasoning_text
from raw.spans
where
    usage_raw is null
    or not json_valid(usage_raw)
    or usage_family is null
    or usage_family not in (
        'anthropic_messages', 'bedrock_converse', 'bedrock_invoke', 'cohere', 'gemini', 'gemini_interactions', 'ollama',
        'openai_audio', 'openai_chat', 'openai_embeddings', 'openai_images', 'openai_responses', 'vertex_predict'
    )
