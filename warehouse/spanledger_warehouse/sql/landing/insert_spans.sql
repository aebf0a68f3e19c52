-- Accepted span records of the batch into raw.spans.
-- grain: file_id, line
insert into raw.spans by name
select
    file_id,
    line,
    cast(landing_time(r.end_time_unix_nano) as date) as day,
    case
        when landing_has_sequence(r) then r.process || '-' || r.sequence
        else r.trace_id || '-' || r.span_id
    end as call_id,
    try_cast(r.v as integer) as format_version,
    r.process,
    case when landing_has_sequence(r) then try_cast(r.sequence as bigint) end as sequence,
    r.trace_id,
    r.span_id,
    r.parent_span_id,
    r.scope,
    r.scope_version,
    r.name as span_name,
    r.span_kind,
    landing_time(r.start_time_unix_nano) as started_at,
    landing_time(r.end_time_unix_nano) as ended_at,
    r.status_code,
    r.service,
    r.environment,
    r.tenant,
    r.operation,
    r.metadata as request_metadata,
    r.response_metadata,
    r.gen_ai_operation,
    r.provider,
    r.request_model,
    r.response_model,
    r.response_id,
    try_cast(r.stream as boolean) as stream,
    try_cast(r.http_status as integer) as http_status,
    r.error_type,
    r.error_message,
    try_cast(r.attempt as integer) as attempt,
    r.input_tokens as input_tokens_text,
    r.output_tokens as output_tokens_text,
    r.cache_read_tokens as cache_read_tokens_text,
    r.cache_write_tokens as cache_write_tokens_text,
    r.reasoning_tokens as reasoning_tokens_text,
    r.usage_raw,
    r.usage_family,
    r.usage_status,
    r.service_tier,
    r.speed,
    r.region,
    try_cast(r.tier_assumed as boolean) as tier_assumed,
    try_cast(r.batch as boolean) as batch,
    r.reported_cost as reported_cost_text,
    r.reported_cost_currency,
    r.attributes,
    r.resource,
    case
        when len(unknown_keys) > 0
            then to_json(map_from_entries(
                list_transform(
                    list_sort(list_distinct(unknown_keys)),
                    lambda k: struct_pack(
                        key := k, value := json_extract(body, '/' || replace(replace(k, '~', '~0'), '/', '~1'))
                    )
                )
            ))
    end as extra,
    md5(body) as content_hash
from landing_records
where problem is null and r.kind = 'span';
