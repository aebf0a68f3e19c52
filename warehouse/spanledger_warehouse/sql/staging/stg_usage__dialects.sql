-- Usage of spans of other instrumentations that carry no usage object of a provider: what their dialect says.
-- grain: file_id, line
-- materialized: view
select
    file_id,
    line,
    day,
    input_text,
    usage_semantics <> 'exclusive' as input_is_inclusive,
    cache_read_text,
    cache_write_text,
    cache_write_5m_text,
    cache_write_1h_text,
    input_audio_text,
    input_image_text,
    output_text,
    reasoning_text,
    output_audio_text,
    output_image_text,
    total_text
from staging.stg_foreign_spans
where not has_usage_object
