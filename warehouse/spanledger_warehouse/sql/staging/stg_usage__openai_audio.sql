-- Usage objects of OpenAI's audio: tokens, or seconds, of which a begun one counts, or the characters that the SDK
-- counted where speech came without usage.
-- grain: file_id, line
-- materialized: view
-- columns:
--   input_audio_second_text: seconds of audio sent in
--   input_character_text: characters to be spoken
select
    file_id,
    line,
    day,
    case
        when usage_raw ->> '$.type' = 'duration' or usage_raw ->> '$.input_characters' is not null then '0'
        else usage_raw ->> '$.input_tokens'
    end as input_text,
    true as input_is_inclusive,
    usage_raw ->> '$.input_token_details.audio_tokens' as input_audio_text,
    case
        when usage_raw ->> '$.type' = 'duration' or usage_raw ->> '$.input_characters' is not null then '0'
        else usage_raw ->> '$.output_tokens'
    end as output_text,
    usage_raw ->> '$.input_characters' as input_character_text,
    case
        when staging.as_amount(usage_raw ->> '$.seconds') is null then usage_raw ->> '$.seconds'
        else cast(cast(ceil(staging.as_amount(usage_raw ->> '$.seconds')) as bigint) as varchar)
    end as input_audio_second_text,
    usage_raw ->> '$.total_tokens' as total_text
from raw.spans
where usage_family = 'openai_audio' and json_valid(usage_raw)
