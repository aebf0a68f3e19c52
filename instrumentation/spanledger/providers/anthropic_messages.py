"""Anthropic's Messages: one message object, or message_start … message_delta over a stream.

Facts: Anthropic's API reference, the types of its SDK and recorded exchanges. `input_tokens` leaves the cache out.
`iterations` (compaction, an advisor on another model, a fallback) stay verbatim in the usage object; what they count
beyond the top level is for the warehouse to book, each on its own model.
"""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, read_error, text, total


def read(facts: Facts, body: Json) -> None:
    """Fold a message, or one event of its stream, into the facts."""
    kind = body.get("type")
    if kind == "error":
        read_error(facts, body.get("error"))
        if request_id := text(body.get("request_id")):
            facts.metadata["request_id"] = request_id
    elif kind == "message_start":
        _read_message(facts, mapping(body.get("message")), final=False)
    elif kind == "message_delta":
        delta = mapping(body.get("delta"))
        facts.finished(delta.get("stop_reason"))
        _merge(facts, body.get("usage"), final=True)
    elif kind == "message" or "usage" in body:
        _read_message(facts, body, final=True)
    elif body.get("error"):
        # Gateways in front of it often answer errors in OpenAI's shape.
        read_error(facts, body["error"])


def _read_message(facts: Facts, message: Json, *, final: bool) -> None:
    facts.response_id = text(message.get("id")) or facts.response_id
    facts.response_model = text(message.get("model")) or facts.response_model
    facts.finished(message.get("stop_reason"))
    _merge(facts, message.get("usage"), final=final)


def _merge(facts: Facts, usage: object, *, final: bool) -> None:
    """Lay later figures over earlier ones, field by field: with server tools, input grows over a stream."""
    if type(usage) is not dict or not usage:
        return
    merged = dict(facts.usage or {})
    for key, value in usage.items():
        if value is not None or key not in merged:
            merged[key] = value
    facts.usage = merged
    facts.final = facts.final or final
    facts.service_tier = text(merged.get("service_tier")) or facts.service_tier
    facts.speed = text(merged.get("speed")) or facts.speed
    region = text(merged.get("inference_geo"))
    facts.region = region if region and region != "not_available" else facts.region


def count_tokens(usage: Json) -> Tokens:
    """Token counts of a message's usage object; its `input_tokens` leaves the cache out, ours includes it."""
    cache_read, cache_write = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    if cache_write is None and (by_lifetime := mapping(usage.get("cache_creation"))):
        cache_write = total(*by_lifetime.values())
    return Tokens(
        input=total(
            usage.get("input_tokens"),
            0 if cache_read is None else cache_read,
            0 if cache_write is None else cache_write,
        ),
        output=count(usage.get("output_tokens")),
        cache_read=count(cache_read),
        cache_write=count(cache_write),
        reasoning=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    )


FAMILY = Family(
    name="anthropic_messages",
    needles=(b'"message_start"', b'"message_delta"', b'"error"'),
    read=read,
    count=count_tokens,
)
