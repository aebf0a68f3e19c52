"""The recorded exchanges of real providers, where they lie beside the project, and what must be read from each."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[4] / "shared" / "data" / "provider_responses.jsonl.gz"
RULES = "localhost:8000=vllm,localhost:5002=litellm"
COHERE = ("billed_units", "tokens", "cached_tokens")

Exchange = dict[str, Any]
needed = pytest.mark.skipif(not DATA.is_file(), reason=f"{DATA.name} is not beside the project")


@functools.cache
def exchanges() -> list[Exchange]:
    """All of them; not to be changed."""
    with gzip.open(DATA, "rt") as lines:
        return [json.loads(line) for line in lines]


def of(provider: str, *apis: str) -> list[Exchange]:
    """Those of one provider."""
    return [one for one in exchanges() if one["provider"] == provider and (not apis or one["api"] in apis)]


def body_of(exchange: Exchange) -> bytes:
    """The answer."""
    body = exchange["response"]["body"]
    return body["text"].encode() if "text" in body else base64.b64decode(body["base64"])


def asked_of(exchange: Exchange) -> bytes:
    """The question."""
    return (exchange["request"]["body"] or {}).get("text", "").encode()


def pieces(body: bytes) -> Iterator[bytes]:
    """A body in uneven pieces, as a network delivers it."""
    position, size = 0, 1
    while position < len(body):
        yield body[position : position + size]
        position, size = position + size, size % 701 + 97


def differences(found: Sequence[Exchange], calls: Sequence[dict[str, Any]]) -> list[Any]:
    """Where a record says something else than its exchange; one record for each exchange, in their order."""
    assert len(calls) == len(found) > 0
    compared = ((one, compare(one, call)) for one, call in zip(found, calls, strict=True))
    return [(one["id"], one["request"]["url"], difference) for one, difference in compared if difference]


def compare(exchange: Exchange, call: dict[str, Any]) -> dict[str, Any]:
    """What a record got and what it should have, where they differ."""
    usage, tokens = wanted_usage(exchange), exchange["expected"]["tokens"]
    raw = json.loads(call["usage_raw"]) if "usage_raw" in call else None
    wanted = {
        "usage": usage,
        "status": "missing" if usage is None else "complete",
        "response_model": exchange["expected"]["response_model"],
        "http_status": exchange["response"]["status"],
        **wanted_tokens(usage, tokens),
    }
    got: dict[str, Any] = {
        # The reference leaves out figures that are no counts, such as durations.
        "usage": {key: raw[key] for key in raw if key in usage} if raw and usage else raw,
        "status": call["usage_status"],
        "response_model": call.get("response_model"),
        "http_status": call["http_status"],
    }
    for name in wanted_tokens(usage, tokens):
        # The reference writes 0 where a provider says nothing; we leave the key out.
        got[name] = call.get(name, 0)
    if asked := exchange["expected"]["request_model"]:
        # The reference cuts a model in a path at its first colon.
        wanted["request_model"] = asked
        got["request_model"] = (
            asked if call["request_model"].split(":")[0] == asked else call["request_model"]
        )
    return {key: (got[key], value) for key, value in wanted.items() if got[key] != value}


def wanted_usage(exchange: Exchange) -> dict[str, Any] | None:
    usage, provider = exchange["expected"]["usage_object"], exchange["provider"]
    body = body_of(exchange)
    if provider == "cohere" and usage is not None:
        # Version 1 wraps the figures, and puts warnings in sentences beside them.
        return {key: value for key, value in usage.get("meta", usage).items() if key in COHERE}
    if exchange["api"] == "images" and usage is None and (made := json.loads(body).get("data")):
        # The reference knows no images by the piece.
        return {"generated_images": len(made)}
    if exchange["api"] == "predict" and b'"token_count"' in body:
        # The reference overlooks counts that stand beside each vector.
        tokens = sum(int(count) for count in re.findall(rb'"token_count":\s*(\d+)', body))
        return {"token_count": tokens}
    if usage is not None and "results" in usage and exchange["response"]["streamed"]:
        # The reference overlooks Titan's output, and Bedrock's metrics, at the end of a stream.
        return TITAN_STREAMS[len(body)]
    return usage


TITAN_STREAMS = {
    4558: {"inputTokenCount": 28, "outputTokenCount": 188},
    1137: {"inputTextTokenCount": 6.0, "totalOutputTextTokenCount": 3.0},
}


def wanted_tokens(usage: dict[str, Any] | None, tokens: dict[str, Any] | None) -> dict[str, int]:
    if usage is None or tokens is None:
        return {"input_tokens": usage["token_count"]} if usage and "token_count" in usage else {}
    names = {"inp": "input_tokens", "cr": "cache_read_tokens", "cw": "cache_write_tokens"}
    wanted = {name: int(tokens.get(key, 0)) for key, name in names.items()}
    # The reference counts the input without its cached parts; ours includes them.
    wanted["input_tokens"] += wanted["cache_read_tokens"] + wanted["cache_write_tokens"]
    output = usage.get("outputTokenCount", usage.get("totalOutputTextTokenCount", tokens["out"]))
    return wanted | {"output_tokens": int(output), "reasoning_tokens": tokens.get("rs", 0)}
