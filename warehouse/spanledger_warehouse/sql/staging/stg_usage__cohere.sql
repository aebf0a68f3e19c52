-- Cohere's usage. What it bills are billed units; what they do not name was not billed. Without them, its tokens.
-- grain: file_id, line
-- materialized: view
-- columns:
--   rerank_query_text: queries whose documents were put in order
select
    file_id,
    line,
    day,
    coalesce(
        usage_raw ->> '$.billed_units.input_tokens',
        case when usage_raw ->> '$.billed_units' is not null then '0' else usage_raw ->> '$.tokens.input_tokens' end
    ) as input_text,
    true as input_is_inclusive,
    coalesce(
        usage_raw ->> '$.billed_units.output_tokens',
        case when usage_raw ->> '$.billed_units' is not null then '0' else usage_raw ->> '$.tokens.output_tokens' end
    ) as output_text,
    usage_raw ->> '$.billed_units.search_units' as rerank_query_text
from raw.spans
where usage_family = 'cohere' and json_valid(usage_raw)
