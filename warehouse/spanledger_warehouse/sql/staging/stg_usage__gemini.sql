-- usageMetadata of Gemini and Vertex. Thoughts are outside of the candidates, tool-use prompts outside of the prompt,
-- and modalities of the cache inside those of the prompt. Models up to Gemini 2 bill a prompt that was answered with
-- searches, later ones each search.
-- grain: file_id, line
-- materialized: view
-- columns:
--   cache_read_audio_text: audio of the prompt read from a cache
--   cache_read_image_text: images of the prompt read from a cache
--   input_video_text: video tokens inside the input
--   grounded_prompt_text: prompts answered with searches where the provider bills the prompt
with stated as (
    select
        file_id,
        line,
        day,
        usage_raw as usage,
        lower(coalesce(response_model, request_model, '')) similar to '.*gemini-[12]([.-].*)?' as bills_the_prompt,
        case when json_valid(response_metadata) then response_metadata ->> '$.web_search_queries' end as searches,
        coalesce(usage_raw ->> '$.promptTokensDetails', usage_raw ->> '$.promptTokenDetails') as prompt_details,
        usage_raw ->> '$.toolUsePromptTokensDetails' as tool_details,
        usage_raw ->> '$.cacheTokensDetails' as cache_details,
        usage_raw ->> '$.candidatesTokensDetails' as answer_details
    from raw.spans
    where usage_family = 'gemini' and json_valid(usage_raw)
),

modalities as (
    select
        *,
        staging.of_modality(prompt_details, 'AUDIO') + staging.of_modality(tool_details, 'AUDIO') as given_audio,
        staging.of_modality(prompt_details, 'IMAGE') + staging.of_modality(tool_details, 'IMAGE') as given_image,
        staging.of_modality(prompt_details, 'VIDEO') + staging.of_modality(tool_details, 'VIDEO') as given_video,
        staging.of_modality(cache_details, 'AUDIO') as cached_audio,
        staging.of_modality(cache_details, 'IMAGE') as cached_image,
        staging.of_modality(cache_details, 'VIDEO') as cached_video
    from stated
)

select
    file_id,
    line,
    day,
    staging.sum_of(usage ->> '$.promptTokenCount', usage ->> '$.toolUsePromptTokenCount') as input_text,
    true as input_is_inclusive,
    staging.rest_of(
        usage ->> '$.cachedContentTokenCount', cast(cached_audio as varchar), cast(cached_image as varchar)
    ) as cache_read_text,
    cast(cached_audio as varchar) as cache_read_audio_text,
    cast(cached_image as varchar) as cache_read_image_text,
    cast(greatest(given_audio - cached_audio, 0) as varchar) as input_audio_text,
    cast(greatest(given_image - cached_image, 0) as varchar) as input_image_text,
    cast(greatest(given_video - cached_video, 0) as varchar) as input_video_text,
    coalesce(
        staging.sum_of(
            coalesce(
                usage ->> '$.candidatesTokenCount', case when usage ->> '$.thoughtsTokenCount' is not null then '0' end
            ),
            usage ->> '$.thoughtsTokenCount'
        ),
        staging.rest_of(
            usage ->> '$.totalTokenCount', usage ->> '$.promptTokenCount', usage ->> '$.toolUsePromptTokenCount'
        ),
        case when usage ->> '$.promptTokenCount' is not null then '0' end
    ) as output_text,
    usage ->> '$.thoughtsTokenCount' as reasoning_text,
    cast(staging.of_modality(answer_details, 'AUDIO') as varchar) as output_audio_text,
    cast(staging.of_modality(answer_details, 'IMAGE') as varchar) as output_image_text,
    case when not bills_the_prompt then searches end as web_search_text,
    case when bills_the_prompt and staging.as_count(searches) > 0 then '1' end as grounded_prompt_text,
    usage ->> '$.totalTokenCount' as total_text
from modalities
