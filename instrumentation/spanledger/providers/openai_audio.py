"""OpenAI's transcriptions, translations and speech: billed in tokens, by the second, or by the character.

Facts: TranscriptionUsage and the transcript.text.done and speech.audio.done events of OpenAI's API reference. Hosts
that count a transcript like a chat (Mistral) are read as one. An answer that is the speech itself reports nothing: what
is billed are the characters of the request, or tokens that nobody tells.
"""

from spanledger.providers import openai_chat
from spanledger.providers.facts import Facts, Family, Json, Tokens, count, read_error, text


def read(facts: Facts, body: Json) -> None:
    """Fold an answer, or one event of its stream, into the facts."""
    facts.response_model = facts.response_model or text(body.get("model"))
    if body.get("error"):
        read_error(facts, body["error"])
    usage = body.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = True
        if "prompt_tokens" in usage:
            facts.family = openai_chat.FAMILY.name


def count_characters(facts: Facts, spoken: int | None) -> None:
    """The characters of a text whose speech came without usage."""
    if spoken is not None and facts.error_type is None:
        facts.usage = {"input_characters": spoken}
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Token counts of an audio usage object; one that is billed by the second has none."""
    return Tokens(input=count(usage.get("input_tokens")), output=count(usage.get("output_tokens")))


FAMILY = Family(
    name="openai_audio",
    needles=(b'"usage"', b'"error"'),
    read=read,
    count=count_tokens,
    unreported=count_characters,
)
