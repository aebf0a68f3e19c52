-- Iterations of Anthropic messages that the top-level figures do not contain, each with the model it ran on. Compaction
-- and advisor iterations never are in them; any other kind than `message` is where the top-level figures are not the
-- sum of all the rest.
-- grain: file_id, line, part
-- materialized: view
-- columns:
--   part_model: model of the iteration; null for the model of the call
with iterations as (
    select
        s.file_id,
        s.line,
        s.day,
        s.usage_raw as usage,
        unnest(json_extract(s.usage_raw, '$.iterations[*]')) as iteration,
        generate_subscripts(json_extract(s.usage_raw, '$.iterations[*]'), 1) as number
    from raw.spans as s
    where s.usage_family = 'anthropic_messages' and json_valid(s.usage_raw)
),

kinds as (
    select
        *,
        coalesce(iteration ->> '$.type', 'message') as kind,
        coalesce(iteration ->> '$.type', 'message') in ('compaction', 'advisor_message') as is_apart
    from iterations
),

sums as (
    select
        file_id,
        line,
        (
            sum(staging.as_count(iteration ->> '$.output_tokens')) filter (where not is_apart)
            = any_value(staging.as_count(usage ->> '$.output_tokens'))
            and sum(staging.as_count(iteration ->> '$.input_tokens')) filter (where not is_apart)
            = any_value(staging.as_count(usage ->> '$.input_tokens'))
        ) as is_sum_of_the_rest
    from kinds
    group by file_id, line
)

select
    k.file_id,
    k.line,
    k.day,
    cast(row_number() over (partition by k.file_id, k.line order by k.number) as integer) as part,
    k.iteration ->> '$.model' as part_model,
    k.iteration ->> '$.input_tokens' as input_text,
    false as input_is_inclusive,
    k.iteration ->> '$.cache_read_input_tokens' as cache_read_text,
    staging.rest_of(
        k.iteration ->> '$.cache_creation_input_tokens',
        k.iteration ->> '$.cache_creation.ephemeral_5m_input_tokens',
        k.iteration ->> '$.cache_creation.ephemeral_1h_input_tokens'
    ) as cache_write_text,
    k.iteration ->> '$.cache_creation.ephemeral_5m_input_tokens' as cache_write_5m_text,
    k.iteration ->> '$.cache_creation.ephemeral_1h_input_tokens' as cache_write_1h_text,
    k.iteration ->> '$.output_tokens' as output_text
from kinds as k
inner join sums as s on k.file_id = s.file_id and k.line = s.line
where k.is_apart or (k.kind <> 'message' and not coalesce(s.is_sum_of_the_rest, false))
