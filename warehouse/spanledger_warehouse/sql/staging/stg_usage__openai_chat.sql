-- Usage objects of OpenAI chat and legacy completions, and of hosts that answer in their shape (gateways, OpenRouter).
-- Cached, cache-written, audio and image tokens are inside prompt_tokens, reasoning and audio inside completion_tokens.
-- Exceptions: a cache larger than its prompt is outside of it (Grok on Azure); a total beyond prompt and completion is
-- audio (Mistral), reasoning (xAI) or hidden thoughts (Gemini); a cache both read and written in full was read
-- (OpenRouter); reasoning beyond the completion is all of it (OpenRouter); citations and reasoning of Perplexity's
-- research are in no total. Every number that is not a count stays as it is, for stg_usage to name.
-- grain: file_id, line
-- materialized: view
-- columns:
--   input_text: input tokens as the provider counts them
--   input_is_inclusive: whether input_text already contains cache reads and writes
--   cache_read_text: input tokens read from a cache
--   cache_write_text: input tokens written to a cache for a time that nobody stated
--   cache_write_30m_text: input tokens written to a cache for thirty minutes
--   cache_write_12h_text: input tokens written to a cache for twelve hours
--   input_audio_text: audio tokens inside the input
--   input_image_text: image tokens inside the input
--   output_text: output tokens as the provider counts them, reasoning included
--   reasoning_text: output tokens spent on reasoning
--   citation_text: tokens of the sources that an answer cites, inside the output
--   output_audio_text: audio tokens inside the output
--   output_image_text: image tokens inside the output
--   web_search_text: web searches made by the provider
--   x_search_text: searches of posts on X, made by xAI
--   search_source_text: sources that xAI's live search used; where it counts tool calls, those are billed instead
--   total_text: the provider's own total of input and output tokens
with usages as (
    select
        file_id,
        line,
        day,
        -- Once for all keys: a path of its own for each would read the text again and again.
        json_transform(
            usage_raw,
            '{
                "prompt_tokens": "VARCHAR", "completion_tokens": "VARCHAR", "total_tokens": "VARCHAR",
                "prompt_tokens_details": {
                    "cached_tokens": "VARCHAR", "cache_write_tokens": "VARCHAR", "cache_creation_tokens": "VARCHAR",
                    "cache_write_tokens_details": {"ttl_30m_tokens": "VARCHAR", "ttl_12h_tokens": "VARCHAR"},
                    "audio_tokens": "VARCHAR", "image_tokens": "VARCHAR"
                },
                "prompt_token_details": {"cached_tokens": "VARCHAR", "audio_tokens": "VARCHAR"},
                "prompt_cache_hit_tokens": "VARCHAR", "cached_tokens": "VARCHAR", "num_cached_tokens": "VARCHAR",
                "cache_creation_input_tokens": "VARCHAR", "prompt_audio_seconds": "VARCHAR",
                "completion_tokens_details": {
                    "reasoning_tokens": "VARCHAR", "audio_tokens": "VARCHAR", "image_tokens": "VARCHAR"
                },
                "completion_token_details": {"reasoning_tokens": "VARCHAR"},
                "reasoning_tokens": "VARCHAR", "citation_tokens": "VARCHAR", "num_search_queries": "VARCHAR",
                "server_tool_use_details": {"web_search_requests": "VARCHAR"},
                "server_tool_use": {"web_search_requests": "VARCHAR"},
                "server_side_tool_usage_details": {"web_search_calls": "VARCHAR", "x_search_calls": "VARCHAR"},
                "num_sources_used": "VARCHAR"
            }'
        ) as usage
    from raw.spans
    where usage_family = 'openai_chat' and json_valid(usage_raw)
),

stated as (
    select
        file_id,
        line,
        day,
        usage,
        usage.prompt_tokens as prompt_text,
        usage.completion_tokens as completion_text,
        usage.total_tokens as everything_text,
        coalesce(
            usage.prompt_tokens_details.cached_tokens,
            usage.prompt_token_details.cached_tokens,
            usage.prompt_cache_hit_tokens,
            usage.cached_tokens,
            usage.num_cached_tokens
        ) as cached_text,
        coalesce(
            usage.prompt_tokens_details.cache_write_tokens,
            usage.prompt_tokens_details.cache_creation_tokens,
            usage.cache_creation_input_tokens
        ) as written_text,
        coalesce(
            usage.prompt_tokens_details.audio_tokens,
            usage.prompt_token_details.audio_tokens
        ) as audio_text,
        coalesce(
            usage.completion_tokens_details.reasoning_tokens,
            usage.completion_token_details.reasoning_tokens,
            usage.reasoning_tokens
        ) as thinking_text,
        usage.citation_tokens as cited_text
    from usages
),

counts as (
    select
        *,
        staging.as_count(prompt_text) as prompt,
        staging.as_count(completion_text) as completion,
        staging.as_count(cached_text) as cached,
        coalesce(staging.as_count(audio_text), 0) as audio,
        staging.as_count(thinking_text) as thinking,
        case
            when staging.as_count(cached_text) > staging.as_count(prompt_text) and completion_text is not null
                then staging.as_count(cached_text)
            else 0
        end as cached_outside,
        case
            when staging.as_count(cited_text) is not null
                then staging.as_count(cited_text) + coalesce(staging.as_count(thinking_text), 0)
            else 0
        end as cited_outside,
        greatest(
            coalesce(
                staging.as_count(everything_text) - staging.as_count(prompt_text) - staging.as_count(completion_text), 0
            ),
            0
        ) as beyond_both
    from stated
),

placed as (
    select
        *,
        greatest(beyond_both - cached_outside, 0) as beyond,
        (
            beyond_both > cached_outside
            and (
                beyond_both - cached_outside = audio
                or (audio = 0 and staging.as_count(usage.prompt_audio_seconds) > 0)
            )
        ) as is_audio
    from counts
),

resolved as (
    select
        *,
        prompt + cached_outside + case when is_audio then beyond else 0 end as input_total,
        completion + cited_outside + case when is_audio then 0 else beyond end as output_total
    from placed
)

select
    file_id,
    line,
    day,
    coalesce(cast(input_total as varchar), prompt_text) as input_text,
    true as input_is_inclusive,
    cached_text as cache_read_text,
    case
        when cached_text = written_text and 2 * cached > coalesce(input_total, 0) then null
        else staging.rest_of(
            written_text,
            usage.prompt_tokens_details.cache_write_tokens_details.ttl_30m_tokens,
            usage.prompt_tokens_details.cache_write_tokens_details.ttl_12h_tokens
        )
    end as cache_write_text,
    usage.prompt_tokens_details.cache_write_tokens_details.ttl_30m_tokens as cache_write_30m_text,
    usage.prompt_tokens_details.cache_write_tokens_details.ttl_12h_tokens as cache_write_12h_text,
    case when is_audio then cast(beyond as varchar) else audio_text end as input_audio_text,
    usage.prompt_tokens_details.image_tokens as input_image_text,
    coalesce(cast(output_total as varchar), completion_text) as output_text,
    case
        when output_total is null or (thinking is null and thinking_text is not null) then thinking_text
        when is_audio then thinking_text
        else cast(nullif(least(coalesce(nullif(thinking, 0), beyond), output_total), 0) as varchar)
    end as reasoning_text,
    cited_text as citation_text,
    usage.completion_tokens_details.audio_tokens as output_audio_text,
    usage.completion_tokens_details.image_tokens as output_image_text,
    coalesce(
        usage.server_tool_use_details.web_search_requests,
        usage.server_tool_use.web_search_requests,
        usage.server_side_tool_usage_details.web_search_calls,
        case when cited_text is not null then usage.num_search_queries end
    ) as web_search_text,
    usage.server_side_tool_usage_details.x_search_calls as x_search_text,
    case when usage.server_side_tool_usage_details is null then usage.num_sources_used end as search_source_text,
    case
        when staging.as_count(everything_text) = prompt + completion
            then cast(input_total + output_total as varchar)
        else everything_text
    end as total_text
from resolved
