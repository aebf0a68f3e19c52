"""Amazon Bedrock's Converse: one object, or the events of a ConverseStream.

Facts: TokenUsage of the Bedrock Runtime reference and recorded exchanges. `inputTokens` leaves the cache out; the
`…TokenCount` keys are older twins of the `…Tokens` keys, never to be added to them.
"""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, read_error, text, total


def read(facts: Facts, body: Json) -> None:
    """Fold an answer, or the payload of one event of its stream, into the facts."""
    facts.finished(body.get("stopReason"))
    facts.finished(mapping(body.get("messageStop")).get("stopReason"))
    # InvokeModel of Nova models nests the closing event.
    closing = mapping(body.get("metadata")) or body
    tier = closing.get("serviceTier")
    facts.service_tier = text(mapping(tier).get("type")) or text(tier) or facts.service_tier
    if text(mapping(closing.get("performanceConfig")).get("latency")) == "optimized":
        facts.speed = "optimized"
    usage = closing.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = True
    message = body.get("message", body.get("Message"))
    if type(message) is str:
        read_error(facts, {"message": message, "type": body.get("__type")})


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a TokenUsage object; its `inputTokens` leaves the cache out, ours includes it."""
    cache_read = _twin(usage, "cacheReadInputToken")
    cache_write = _twin(usage, "cacheWriteInputToken")
    return Tokens(
        input=total(
            usage.get("inputTokens"),
            0 if cache_read is None else cache_read,
            0 if cache_write is None else cache_write,
        ),
        output=count(usage.get("outputTokens")),
        cache_read=count(cache_read),
        cache_write=count(cache_write),
    )


def _twin(usage: Json, stem: str) -> object:
    value = usage.get(f"{stem}s")
    return usage.get(f"{stem}Count") if value is None else value


FAMILY = Family(
    name="bedrock_converse",
    needles=(b'"usage"', b'"stopReason"', b'"message"'),
    read=read,
    count=count_tokens,
)
