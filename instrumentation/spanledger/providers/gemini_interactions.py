"""Gemini's Interactions, of models and agents: one interaction object, or events that carry one.

Facts: Usage, Interaction and InteractionCompletedEvent in the types of google-genai 3.4. Thoughts are outside of
`total_output_tokens`; tool-use prompts are outside of `total_input_tokens` unless the total says otherwise.
"""

from typing import Final

from spanledger.providers.facts import Facts, Family, Json, Tokens, code, count, read_error, text

_UNFINISHED: Final = ("in_progress", "queued")


def read(facts: Facts, body: Json) -> None:
    """Fold an interaction, or one event of its stream, into the facts."""
    found = body.get("interaction")
    interaction = found if type(found) is dict else body
    facts.response_id = text(interaction.get("id")) or facts.response_id
    facts.response_model = (
        text(interaction.get("model")) or text(interaction.get("agent")) or facts.response_model
    )
    facts.service_tier = text(interaction.get("service_tier")) or facts.service_tier
    errors = interaction.get("errors")
    for error in (body.get("error"), *(errors if type(errors) is list else ())):
        if error:
            read_error(facts, error)
    status = code(interaction.get("status"))
    if status:
        facts.metadata["status"] = status
        if status not in _UNFINISHED:
            facts.finish_reasons.clear()
            facts.finished(status)
    usage = interaction.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = status is not None and status not in _UNFINISHED
    elif status in _UNFINISHED and facts.usage is None and "event_type" not in body:
        facts.missing_because("background")


def count_tokens(usage: Json) -> Tokens:
    """Token counts of an interaction's usage object."""
    given, tools = count(usage.get("total_input_tokens")), count(usage.get("total_tool_use_tokens")) or 0
    made, thought = count(usage.get("total_output_tokens")), count(usage.get("total_thought_tokens"))
    output = None if made is None and thought is None else (made or 0) + (thought or 0)
    if given is not None and usage.get("total_tokens") != given + (output or 0):
        given += tools
    return Tokens(
        input=given,
        output=output,
        cache_read=count(usage.get("total_cached_tokens")),
        reasoning=thought,
    )


FAMILY = Family(
    name="gemini_interactions",
    needles=(b'"interaction.c', b'"usage"', b'"error"'),
    read=read,
    count=count_tokens,
)
