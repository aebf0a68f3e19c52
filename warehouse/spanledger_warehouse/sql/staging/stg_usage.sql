-- Usage of every span in disjoint units that sum to the provider's total; an impossible value leaves no unit at all,
-- only its issue, so that it never gets a price.
-- grain: file_id, line, part
-- materialized: view
-- columns:
--   part: 0 is the call; further parts are provider-side sub-calls on a model of their own
--   input_tokens: all input tokens, cache reads and writes included (tokens)
--   output_tokens: all output tokens, reasoning included (tokens)
--   input_quantity: unit input: plain input tokens, neither cached nor of another modality (tokens)
--   cache_read_quantity: unit cache_read: input tokens read from a cache (tokens)
--   cache_write_5m_quantity: unit cache_write_5m: input tokens written to a cache for five minutes, or for a time that
--     nobody stated (tokens)
--   cache_write_1h_quantity: unit cache_write_1h: input tokens written to a cache for one hour (tokens)
--   input_audio_quantity: unit input_audio: audio tokens in the input (tokens)
--   input_image_quantity: unit input_image: image tokens in the input (tokens)
--   output_quantity: unit output: plain output tokens (tokens)
--   reasoning_quantity: unit reasoning: output tokens spent on reasoning (tokens)
--   output_audio_quantity: unit output_audio: audio tokens in the output (tokens)
--   output_image_quantity: unit output_image: image tokens in the output (tokens)
--   web_search_quantity: unit web_search: searches made by the provider (searches)
--   other_units: units without a column of their own, as a map from unit to quantity
--   usage_issue: why the usage cannot be believed, with the unit and the value; null when it can
with families as (
    select * from staging.stg_usage__anthropic_messages
    union all by name
    select * from staging.stg_usage__bedrock_converse
    union all by name
    select * from staging.stg_usage__bedrock_invoke
    union all by name
    select * from staging.stg_usage__cohere
    union all by name
    select * from staging.stg_usage__gemini
    union all by name
    select * from staging.stg_usage__gemini_interactions
    union all by name
    select * from staging.stg_usage__ollama
    union all by name
    select * from staging.stg_usage__openai_audio
    union all by name
    select * from staging.stg_usage__openai_chat
    union all by name
    select * from staging.stg_usage__openai_embeddings
    union all by name
    select * from staging.stg_usage__openai_images
    union all by name
    select * from staging.stg_usage__openai_responses
    union all by name
    select * from staging.stg_usage__vertex_predict
    union all by name
    select * from staging.stg_usage__span_attributes
    union all by name
    select * from staging.stg_usage__dialects
    union all by name
    select * from staging.stg_usage__anthropic_iterations
),

counted as (
    select
        file_id,
        line,
        day,
        coalesce(part, 0) as part,
        part_model,
        input_text,
        output_text,
        input_is_inclusive,
        staging.as_count(input_text) as input_count,
        coalesce(staging.as_count(cache_read_text), 0) as cache_read,
        coalesce(staging.as_count(cache_write_text), 0) + coalesce(staging.as_count(cache_write_5m_text), 0)
            as cache_write_5m,
        coalesce(staging.as_count(cache_write_1h_text), 0) as cache_write_1h,
        coalesce(staging.as_count(cache_write_30m_text), 0) as cache_write_30m,
        coalesce(staging.as_count(cache_write_12h_text), 0) as cache_write_12h,
        coalesce(staging.as_count(input_audio_text), 0) as input_audio,
        coalesce(staging.as_count(input_image_text), 0) as input_image,
        coalesce(staging.as_count(input_video_text), 0) as input_video,
        coalesce(staging.as_count(cache_read_audio_text), 0) as cache_read_audio,
        coalesce(staging.as_count(cache_read_image_text), 0) as cache_read_image,
        staging.as_count(output_text) as output_count,
        coalesce(staging.as_count(reasoning_text), 0) as reasoning,
        coalesce(staging.as_count(output_audio_text), 0) as output_audio,
        coalesce(staging.as_count(output_image_text), 0) as output_image,
        coalesce(staging.as_count(citation_text), 0) as citation,
        coalesce(staging.as_count(web_search_text), 0) as web_search,
        staging.as_count(grounded_prompt_text) as grounded_prompt,
        staging.as_count(rerank_query_text) as rerank_query,
        staging.as_count(file_search_text) as file_search,
        staging.as_count(x_search_text) as x_search,
        staging.as_count(search_source_text) as search_source,
        staging.as_count(input_audio_second_text) as input_audio_second,
        staging.as_count(input_character_text) as input_character,
        staging.as_count(generated_image_text) as generated_image,
        staging.as_count(total_text) as total_count,
        nullif(concat_ws(
            '; ',
            staging.count_issue('input_tokens', input_text),
            staging.count_issue('cache_read_tokens', cache_read_text),
            staging.count_issue('cache_write_tokens', cache_write_text),
            staging.count_issue('cache_write_5m_tokens', cache_write_5m_text),
            staging.count_issue('cache_write_1h_tokens', cache_write_1h_text),
            staging.count_issue('cache_write_30m_tokens', cache_write_30m_text),
            staging.count_issue('cache_write_12h_tokens', cache_write_12h_text),
            staging.count_issue('input_audio_tokens', input_audio_text),
            staging.count_issue('input_image_tokens', input_image_text),
            staging.count_issue('input_video_tokens', input_video_text),
            staging.count_issue('cache_read_audio_tokens', cache_read_audio_text),
            staging.count_issue('cache_read_image_tokens', cache_read_image_text),
            staging.count_issue('output_tokens', output_text),
            staging.count_issue('reasoning_tokens', reasoning_text),
            staging.count_issue('output_audio_tokens', output_audio_text),
            staging.count_issue('output_image_tokens', output_image_text),
            staging.count_issue('citation_tokens', citation_text),
            staging.count_issue('web_searches', web_search_text),
            staging.count_issue('grounded_prompts', grounded_prompt_text),
            staging.count_issue('rerank_queries', rerank_query_text),
            staging.count_issue('file_searches', file_search_text),
            staging.count_issue('x_searches', x_search_text),
            staging.count_issue('search_sources', search_source_text),
            staging.count_issue('input_audio_seconds', input_audio_second_text),
            staging.count_issue('input_characters', input_character_text),
            staging.count_issue('generated_images', generated_image_text),
            staging.count_issue('total_tokens', total_text)
        ), '') as count_issue
    from families
),

totals as (
    select
        *,
        input_count + case when input_is_inclusive then 0 else cache_read + cache_write_5m + cache_write_1h end
            as input_total,
        cache_read + cache_read_audio + cache_read_image + cache_write_5m + cache_write_1h + cache_write_30m
        + cache_write_12h + input_audio + input_image + input_video
            as input_parts,
        reasoning + output_audio + output_image + citation as output_parts
    from counted
),

judged as (
    select
        *,
        case
            when count_issue is not null then count_issue
            when coalesce(input_total, 0) < input_parts
                then 'input parts sum to ' || input_parts || ' of ' || coalesce(input_total, 0) || ' input tokens'
            when coalesce(output_count, 0) < output_parts
                then 'output parts sum to ' || output_parts || ' of ' || coalesce(output_count, 0) || ' output tokens'
            when total_count <> coalesce(input_total, 0) + coalesce(output_count, 0)
                then
                    'total_tokens=' || total_count || ' but input and output sum to '
                    || (coalesce(input_total, 0) + coalesce(output_count, 0))
        end as usage_issue
    from totals
)

select
    file_id,
    line,
    day,
    part,
    part_model,
    usage_issue,
    case when usage_issue is null then input_total end as input_tokens,
    case when usage_issue is null then output_count end as output_tokens,
    case when usage_issue is null then input_total - input_parts end as input_quantity,
    case when usage_issue is null and input_total is not null then cache_read end as cache_read_quantity,
    case when usage_issue is null and input_total is not null then cache_write_5m end as cache_write_5m_quantity,
    case when usage_issue is null and input_total is not null then cache_write_1h end as cache_write_1h_quantity,
    case when usage_issue is null and input_total is not null then input_audio end as input_audio_quantity,
    case when usage_issue is null and input_total is not null then input_image end as input_image_quantity,
    case when usage_issue is null then output_count - output_parts end as output_quantity,
    case when usage_issue is null and output_count is not null then reasoning end as reasoning_quantity,
    case when usage_issue is null and output_count is not null then output_audio end as output_audio_quantity,
    case when usage_issue is null and output_count is not null then output_image end as output_image_quantity,
    case when usage_issue is null and input_total is not null then web_search end as web_search_quantity,
    case
        -- Nearly no call has any; a list made and thrown away for each would cost as much as the counting.
        when
            usage_issue is null
            and greatest(
                cache_write_30m, cache_write_12h, cache_read_audio, cache_read_image, input_video, citation,
                grounded_prompt, rerank_query, file_search, x_search, search_source, input_audio_second,
                input_character, generated_image
            ) > 0
            then
                map_from_entries(list_filter(
                    [
                        struct_pack(key := 'cache_write_30m', value := cache_write_30m),
                        struct_pack(key := 'cache_write_12h', value := cache_write_12h),
                        struct_pack(key := 'cache_read_audio', value := cache_read_audio),
                        struct_pack(key := 'cache_read_image', value := cache_read_image),
                        struct_pack(key := 'input_video', value := input_video),
                        struct_pack(key := 'citation', value := citation),
                        struct_pack(key := 'grounded_prompt', value := grounded_prompt),
                        struct_pack(key := 'rerank_query', value := rerank_query),
                        struct_pack(key := 'file_search', value := file_search),
                        struct_pack(key := 'x_search', value := x_search),
                        struct_pack(key := 'search_source', value := search_source),
                        struct_pack(key := 'input_audio_second', value := input_audio_second),
                        struct_pack(key := 'input_character', value := input_character),
                        struct_pack(key := 'generated_image', value := generated_image)
                    ],
                    lambda e: e.value > 0
                ))
        else map(cast([] as varchar []), cast([] as bigint []))
    end as other_units
from judged
