-- Usage of our own spans without a usage object of a known family: the standard token attributes, which by the
-- conventions include cache in the input and reasoning in the output.
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
where scope = 'spanledger' and not staging.has_usage_object(usage_raw, usage_family)
