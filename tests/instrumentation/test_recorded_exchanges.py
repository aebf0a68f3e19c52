"""Replays all recorded exchanges of real providers, where the data lies beside the project."""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger import testing

DATA = Path(__file__).parents[3] / "shared" / "data" / "provider_responses.jsonl.gz"
RULES = "localhost:8000=vllm,localhost:5002=litellm"
COHERE = ("billed_units", "tokens", "cached_tokens")

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"{DATA.name} is not beside the project")


def exchanges() -> list[dict[str, Any]]:
    with gzip.open(DATA, "rt") as lines:
        return [json.loads(line) for line in lines]


def body_of(exchange: dict[str, Any]) -> bytes:
    body = exchange["response"]["body"]
    return body["text"].encode() if "text" in body else base64.b64decode(body["base64"])


def pieces(body: bytes) -> Iterator[bytes]:
    """A body in uneven pieces, as a network delivers it."""
    position, size = 0, 1
    while position < len(body):
        yield body[position : position + size]
        position, size = position + size, size % 701 + 97


class Stream(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self._body)


def send(client: httpx.Client, exchange: dict[str, Any], streamed: bool) -> None:
    content = (exchange["request"]["body"] or {}).get("text", "").encode()
    if not streamed:
        client.post(exchange["request"]["url"], content=content)
        return
    with client.stream("POST", exchange["request"]["url"], content=content) as response:
        for _ in response.iter_raw():
            pass


def replay(compressed: bool = False, streamed: bool | None = None) -> list[dict[str, Any]]:
    """The records of all exchanges, in their order."""
    current: dict[str, Any] = {}

    def answer(_: httpx.Request) -> httpx.Response:
        response, body = current["response"], body_of(current)
        headers = {"content-type": response["content_type"] or ""}
        if compressed:
            body, headers["content-encoding"] = gzip.compress(body, 1), "gzip"
        return httpx.Response(response["status"], headers=headers, stream=Stream(body))

    with (
        testing.capture(provider_hosts=RULES) as captured,
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
    ):
        for exchange in exchanges():
            current.update(exchange)
            send(client, exchange, exchange["response"]["streamed"] if streamed is None else streamed)
        return list(captured.calls)


@pytest.mark.parametrize(
    ("compressed", "streamed"), [(False, None), (True, None), (False, True), (False, False)]
)
def test_usage_of_every_recorded_exchange_is_read(compressed: bool, streamed: bool | None) -> None:
    found, calls = exchanges(), replay(compressed, streamed)
    assert len(calls) == len(found) == 586
    wrong = [
        (exchange["id"], difference)
        for exchange, call in zip(found, calls, strict=True)
        if (difference := compare(exchange, call))
    ]
    assert wrong == []


def compare(exchange: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
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


def wanted_usage(exchange: dict[str, Any]) -> dict[str, Any] | None:
    usage, provider = exchange["expected"]["usage_object"], exchange["provider"]
    body = body_of(exchange)
    if provider == "cohere" and usage is not None:
        # Version 1 wraps the figures, and puts warnings in sentences beside them.
        return {key: value for key, value in usage.get("meta", usage).items() if key in COHERE}
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
        return {} if usage is None else {"input_tokens": usage["token_count"]}
    names = {"inp": "input_tokens", "cr": "cache_read_tokens", "cw": "cache_write_tokens"}
    wanted = {name: int(tokens.get(key, 0)) for key, name in names.items()}
    # The reference counts the input without its cached parts; ours includes them.
    wanted["input_tokens"] += wanted["cache_read_tokens"] + wanted["cache_write_tokens"]
    output = usage.get("outputTokenCount", usage.get("totalOutputTextTokenCount", tokens["out"]))
    return wanted | {"output_tokens": int(output), "reasoning_tokens": tokens.get("rs", 0)}
