-- Vertex embeddings by `:predict`: the SDK sums the token counts that stand beside each vector.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    usage_raw ->> '$.token_count' as input_text,
    true as input_is_inclusive,
    '0' as output_text
from raw.spans
where usage_family = 'vertex_predict' and json_valid(usage_raw)
