-- Every line as the fields of a record, all as text; a line that is not a JSON object keeps its problem.
-- grain: file_id, line
create or replace temp view landing_records as
with judged as (
    select
        file_id,
        line,
        body,
        case
            when json_valid(body) then null
            when body is null or trim(body) = '' then 'blank'
            else 'not_json'
        end as problem
    from landing_lines
),

parsed as materialized (
    select
        file_id,
        line,
        body,
        problem,
        case when problem is null then json_transform(body, getvariable('record_structure')) end as r,
        case when problem is null then json_keys(body) end as keys
    from judged
)

select
    file_id,
    line,
    body,
    r,
    list_filter(keys, lambda k: not list_contains(getvariable('known_keys'), k)) as unknown_keys,
    coalesce(
        problem,
        case
            when r.v is null and json_type(body) <> 'OBJECT' then 'not_an_object'
            when r.v is null and list_contains(keys, 'resourceSpans') then 'otlp_json'
            when r.v is null then 'no_version'
            when r.v <> '1' then 'unsupported_version'
            when r.kind = 'span' then landing_span_problem(r)
            -- What the receiver set aside carries its reason with it.
            when r.kind = 'refused' then landing_refusal(r, body)
            when r.kind is null or r.kind not in ('loss', 'segment') then 'unknown_kind'
            when r.process is null then 'no_identity'
            when r.kind = 'loss' and landing_time(r.at_unix_nano) is null then 'bad_time'
            when r.kind = 'loss' and staging.as_count(r.count) is null then 'bad_count'
            when r.kind = 'segment' and staging.as_count(r.segment) is null then 'bad_count'
            when r.kind = 'segment' and staging.as_count(r.count) is null then 'bad_count'
        end
    ) as problem
from parsed
