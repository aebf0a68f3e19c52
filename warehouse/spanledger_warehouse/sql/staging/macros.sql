-- Casting rules of staging. A count is a plain non-negative whole number up to 1e9; everything else is not a count.
-- (A typed reader would turn 5.7 into 6 and true into 1.) Casts are tries, for DuckDB may evaluate both sides of an
-- `and`. Not a model: created when a warehouse is opened.
create or replace macro staging.as_count(text_value) as
case
    when regexp_full_match(text_value, '[0-9]{1,10}') and try_cast(text_value as bigint) <= 1000000000
        then try_cast(text_value as bigint)
end;

-- The name and value of a count that is there but is not one; null when it is absent or right.
create or replace macro staging.count_issue(unit_name, text_value) as
case
    when text_value is not null and staging.as_count(text_value) is null
        then unit_name || '=' || left(text_value, 40)
end;

-- What is left of a total after two parts of it, as text; null when nothing is. More parts than total give a negative
-- number, which is no count, so that the contradiction becomes an issue.
create or replace macro staging.rest_of(total_text, one_text, other_text) as
case
    when one_text is null and other_text is null then total_text
    when staging.as_count(total_text) is null then total_text
    else nullif(cast(
        staging.as_count(total_text) - coalesce(staging.as_count(one_text), 0)
        - coalesce(staging.as_count(other_text), 0)
        as varchar
    ), '0')
end;

-- Tokens of one modality in a list of {modality, tokens}; 0 where it is not named.
create or replace macro staging.tokens_of(details_text, modality_name) as
coalesce(
    list_sum(list_transform(
        list_filter(json_extract(details_text, '$[*]'), lambda d: lower(d ->> '$.modality') = modality_name),
        lambda d: staging.as_count(d ->> '$.tokens')
    )),
    0
);

-- A decimal amount, written plainly and not negative; null for everything else.
create or replace macro staging.as_amount(text_value) as
case
    when regexp_full_match(text_value, '[0-9]{1,15}([.][0-9]{1,16})?')
        then try_cast(text_value as decimal(38, 16))
    when regexp_full_match(text_value, '[0-9]([.][0-9]+)?[eE]-[0-9]{1,2}')
        then try_cast(text_value as decimal(38, 16))
end;

-- The sum of a count and of another that may be absent, as text; a part that is no count stays as it is, to be named.
create or replace macro staging.sum_of(one_text, other_text) as
case
    when one_text is null or other_text is null then one_text
    when staging.as_count(one_text) is null then one_text
    when staging.as_count(other_text) is null then other_text
    else cast(staging.as_count(one_text) + staging.as_count(other_text) as varchar)
end;

-- Tokens of one modality in a list of {modality, tokenCount}; 0 where it is not named.
create or replace macro staging.of_modality(details_text, modality_name) as
coalesce(
    list_sum(list_transform(
        list_filter(json_extract(details_text, '$[*]'), lambda d: d ->> '$.modality' = modality_name),
        lambda d: staging.as_count(d ->> '$.tokenCount')
    )),
    0
);

-- The value of a key of the caller's metadata; null where the metadata is no JSON object, or has no such key.
create or replace macro staging.metadata_value(metadata, key) as
json_extract_string(
    case when json_valid(metadata) then metadata end, '/' || replace(replace(key, '~', '~0'), '/', '~1')
);

-- Whether a span carries a provider's usage object of a family that has a model of its own, stg_usage__<family>.
create or replace macro staging.has_usage_object(usage_raw, usage_family) as
coalesce(
    json_valid(usage_raw)
    and usage_family in (
        'anthropic_messages', 'bedrock_converse', 'bedrock_invoke', 'cohere', 'gemini', 'gemini_interactions', 'ollama',
        'openai_audio', 'openai_chat', 'openai_embeddings', 'openai_images', 'openai_responses', 'vertex_predict'
    ),
    false
);

-- Whether a call succeeded, by what its span says.
create or replace macro staging.succeeded(error_type, http_status, status_code) as (
    error_type is null and coalesce(http_status, 200) < 400 and coalesce(status_code, 'unset') <> 'error'
);
