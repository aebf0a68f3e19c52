"""Cohere's chat, embed, rerank and generate: v1 with its `meta`, v2 with its `usage`, streamed or not.

Facts: Cohere's API reference and recorded exchanges. What is billed are `billed_units`; `tokens` count templates and
special tokens too. v1 ends a stream with `stream-end`, v2 with `message-end`.
"""

from typing import Final

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, read_error, text

_KEPT: Final = ("billed_units", "tokens", "cached_tokens")


def read(facts: Facts, body: Json) -> None:
    """Fold an answer, or one event of its stream, into the facts."""
    ended = mapping(body.get("response"))
    delta = mapping(body.get("delta"))
    for part in (body, ended, delta):
        facts.response_id = (
            facts.response_id
            or text(part.get("id"))
            or text(part.get("response_id"))
            or text(part.get("generation_id"))
        )
        facts.finished(part.get("finish_reason"))
        _read_usage(facts, part)
    for error in (body.get("error"), delta.get("error")):
        if error:
            read_error(facts, error)
    if type(body.get("message")) is str and facts.usage is None:
        read_error(facts, {"message": body["message"]})


def _read_usage(facts: Facts, part: Json) -> None:
    # v1 puts warnings in sentences beside the figures: only the figures are kept.
    found = mapping(part.get("usage")) or mapping(part.get("meta"))
    usage = {key: found[key] for key in _KEPT if found.get(key) is not None}
    if usage:
        facts.usage = usage
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Billed token counts; what `billed_units` does not name was not billed. Without it, the counted tokens."""
    billed = mapping(usage.get("billed_units"))
    if billed:
        return Tokens(
            input=count(billed.get("input_tokens", 0)), output=count(billed.get("output_tokens", 0))
        )
    tokens = mapping(usage.get("tokens"))
    return Tokens(input=count(tokens.get("input_tokens")), output=count(tokens.get("output_tokens")))


FAMILY = Family(
    name="cohere",
    needles=(b"_units", b'_tokens"', b'"finish_reason"', b'"error"', b'"message-start"', b'"stream-start"'),
    read=read,
    count=count_tokens,
)
