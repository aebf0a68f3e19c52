-- Counts of Ollama's closing line; a prompt that was in the server's cache has no count and stays unknown.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    usage_raw ->> '$.prompt_eval_count' as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.eval_count' as output_text
from raw.spans
where usage_family = 'ollama' and json_valid(usage_raw)
