"""Amazon Bedrock's InvokeModel: the model's own body, and counts of Bedrock's beside it.

Facts: the Bedrock user guide and recorded exchanges. Bodies in the shape of Anthropic, OpenAI, Cohere or Converse are
read as that family. Titan and Llama have counts of their own. Of all other models only Bedrock's own figures are known:
`amazon-bedrock-invocationMetrics` at the end of a stream, `x-amzn-bedrock-*-token-count` headers otherwise.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from spanledger.providers import anthropic_messages, bedrock_converse, cohere, openai_chat
from spanledger.providers.facts import (
    MAX_COUNT,
    Facts,
    Family,
    Json,
    NumberText,
    Tokens,
    count,
    mapping,
    total,
)

HEADERS: Final = {
    "x-amzn-bedrock-input-token-count": "inputTokenCount",
    "x-amzn-bedrock-output-token-count": "outputTokenCount",
    "x-amzn-bedrock-cache-read-input-token-count": "cacheReadInputTokenCount",
    "x-amzn-bedrock-cache-write-input-token-count": "cacheWriteInputTokenCount",
}
_LLAMA: Final = ("prompt_token_count", "generation_token_count")
_WHOLE: Final = re.compile(r"[0-9]{1,18}\.0")
_EVENTS: Final = ("message_start", "message_delta", "message", "error")


def read(facts: Facts, body: Json) -> None:
    """Fold a body, or the decoded bytes of one chunk of a stream, into the facts."""
    native = _family_of(body)
    if native is not None:
        known = facts.usage if facts.family == native.name else None
        bedrocks, facts.usage = facts.usage, known
        native.read(facts, body)
        if facts.usage is None:
            facts.usage = bedrocks
        else:
            facts.family = native.name
    else:
        _read_own(facts, body)
    metrics = body.get("amazon-bedrock-invocationMetrics")
    if type(metrics) is dict and metrics:
        # The model's own object says more; Bedrock's figures stand in where there is none.
        if facts.family is None:
            facts.usage = metrics
        facts.final = True


def _family_of(body: Json) -> Family | None:
    usage = mapping(body.get("usage"))
    if body.get("type") in _EVENTS or "input_tokens" in usage:
        return anthropic_messages.FAMILY
    if "inputTokens" in usage or "stopReason" in body or "messageStop" in body or "metadata" in body:
        return bedrock_converse.FAMILY
    if "choices" in body:
        return openai_chat.FAMILY
    return cohere.FAMILY if "billed_units" in usage or "generations" in body else None


def _read_own(facts: Facts, body: Json) -> None:
    facts.finished(body.get("stop_reason"))
    facts.finished(body.get("completionReason"))
    usage: dict[str, Any] = {key: body[key] for key in _LLAMA if body.get(key) is not None}
    if body.get("inputTextTokenCount") is not None:
        usage["inputTextTokenCount"] = body["inputTextTokenCount"]
        results = body.get("results")
        if type(results) is list:
            # Only the counts: the answers stand beside them.
            usage["results"] = [{"tokenCount": mapping(result).get("tokenCount")} for result in results]
            for result in results:
                facts.finished(mapping(result).get("completionReason"))
        if body.get("totalOutputTextTokenCount") is not None:
            # Only the last chunk has it.
            usage["totalOutputTextTokenCount"] = body["totalOutputTextTokenCount"]
            facts.final = True
    if usage and facts.family is None:
        facts.usage = {**(facts.usage or {}), **usage}
        facts.final = True if facts.finish_reasons else facts.final


def read_headers(facts: Facts, headers: Mapping[str, str]) -> None:
    """Take Bedrock's counts from the response's headers; the body's own usage comes later and goes over them."""
    usage: dict[str, Any] = {}
    for header, key in HEADERS.items():
        written = headers.get(header)
        if written is not None and written.isascii() and written.isdigit() and len(written) < 20:
            number = int(written)
            if number <= MAX_COUNT:
                usage[key] = number
    if usage:
        facts.usage = usage


def count_tokens(usage: Json) -> Tokens:
    """Token counts of Bedrock's own figures, of Titan and of Llama; input leaves the cache out, ours includes it."""
    cache_read = usage.get("cacheReadInputTokenCount")
    cache_write = usage.get("cacheWriteInputTokenCount")
    given = _first(usage, "inputTokenCount", "prompt_token_count")
    made = _first(usage, "outputTokenCount", "generation_token_count")
    if given is None:
        given, made = _titan(usage)
    return Tokens(
        input=total(
            given, 0 if cache_read is None else cache_read, 0 if cache_write is None else cache_write
        ),
        output=count(made),
        cache_read=count(cache_read),
        cache_write=count(cache_write),
    )


def _titan(usage: Json) -> tuple[int | None, int | None]:
    """Titan counts in whole numbers, which it also writes as `28.0`."""
    made = _whole(usage.get("totalOutputTextTokenCount"))
    results = usage.get("results")
    if made is None and type(results) is list and results:
        made = total(*(_whole(mapping(result).get("tokenCount")) for result in results))
    return _whole(usage.get("inputTextTokenCount")), made


def _whole(value: Any) -> int | None:
    if type(value) is NumberText and _WHOLE.fullmatch(value.text):
        value = int(value.text[:-2])
    return count(value)


def _first(usage: Json, *keys: str) -> Any:
    return next((usage[key] for key in keys if usage.get(key) is not None), None)


FAMILY = Family(
    name="bedrock_invoke",
    needles=(
        *anthropic_messages.FAMILY.needles,
        *bedrock_converse.FAMILY.needles,
        *openai_chat.FAMILY.needles,
        b"invocationMetrics",
        b'TokenCount"',
        b'_count"',
    ),
    read=read,
    count=count_tokens,
    read_headers=read_headers,
)
