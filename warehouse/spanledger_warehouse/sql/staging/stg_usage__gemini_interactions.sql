-- Usage objects of Gemini's Interactions. Thoughts are outside of the output; tool-use prompts are outside of the input
-- unless the total says otherwise; modalities of the cache are inside those of the input. Searches are billed each.
-- grain: file_id, line
-- materialized: view
with stated as (
    select
        file_id,
        line,
        day,
        usage_raw as usage,
        usage_raw ->> '$.input_tokens_by_modality' as given,
        usage_raw ->> '$.tool_use_tokens_by_modality' as tools,
        usage_raw ->> '$.cached_tokens_by_modality' as cached,
        usage_raw ->> '$.output_tokens_by_modality' as made,
        coalesce(
            staging.as_count(usage_raw ->> '$.total_tokens')
            = staging.as_count(usage_raw ->> '$.total_input_tokens')
            + coalesce(staging.as_count(usage_raw ->> '$.total_output_tokens'), 0)
            + coalesce(staging.as_count(usage_raw ->> '$.total_thought_tokens'), 0),
            false
        ) as tools_are_inside
    from raw.spans
    where usage_family = 'gemini_interactions' and json_valid(usage_raw)
),

modalities as (
    select
        *,
        staging.tokens_of(given, 'audio') + staging.tokens_of(tools, 'audio') as given_audio,
        staging.tokens_of(given, 'image') + staging.tokens_of(tools, 'image') as given_image,
        staging.tokens_of(given, 'video') + staging.tokens_of(tools, 'video') as given_video,
        staging.tokens_of(cached, 'audio') as cached_audio,
        staging.tokens_of(cached, 'image') as cached_image,
        staging.tokens_of(cached, 'video') as cached_video
    from stated
)

select
    file_id,
    line,
    day,
    case
        when tools_are_inside then usage ->> '$.total_input_tokens'
        else staging.sum_of(usage ->> '$.total_input_tokens', usage ->> '$.total_tool_use_tokens')
    end as input_text,
    true as input_is_inclusive,
    staging.rest_of(
        usage ->> '$.total_cached_tokens', cast(cached_audio as varchar), cast(cached_image as varchar)
    ) as cache_read_text,
    cast(cached_audio as varchar) as cache_read_audio_text,
    cast(cached_image as varchar) as cache_read_image_text,
    cast(greatest(given_audio - cached_audio, 0) as varchar) as input_audio_text,
    cast(greatest(given_image - cached_image, 0) as varchar) as input_image_text,
    cast(greatest(given_video - cached_video, 0) as varchar) as input_video_text,
    coalesce(
        staging.sum_of(
            coalesce(
                usage ->> '$.total_output_tokens',
                case when usage ->> '$.total_thought_tokens' is not null then '0' end
            ),
            usage ->> '$.total_thought_tokens'
        ),
        case when usage ->> '$.total_input_tokens' is not null then '0' end
    ) as output_text,
    usage ->> '$.total_thought_tokens' as reasoning_text,
    cast(staging.tokens_of(made, 'audio') as varchar) as output_audio_text,
    cast(staging.tokens_of(made, 'image') as varchar) as output_image_text,
    cast(
        list_sum(list_transform(
            list_filter(
                json_extract(usage, '$.grounding_tool_count[*]'), lambda d: d ->> '$.type' = 'google_search'
            ),
            lambda d: staging.as_count(d ->> '$.count')
        ))
        as varchar
    ) as web_search_text,
    usage ->> '$.total_tokens' as total_text
from modalities
