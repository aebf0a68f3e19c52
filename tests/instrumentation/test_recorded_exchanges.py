"""Replays recorded exchanges of real providers, where the data lies beside the project."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from spanledger import testing

DATA = Path(__file__).parents[3] / "shared" / "data" / "provider_responses.jsonl.gz"
APIS = {"chat", "completions", "embeddings", "messages", "responses"}

pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"{DATA.name} is not beside the project")


def exchanges() -> list[dict[str, Any]]:
    with gzip.open(DATA, "rt") as lines:
        found = [json.loads(line) for line in lines]
    return [e for e in found if e["api"] in APIS and e["provider"] in ("openai", "anthropic", "openrouter")]


def pieces(body: bytes) -> Any:
    """A body in uneven pieces, as a network delivers it."""
    position, size = 0, 1
    while position < len(body):
        yield body[position : position + size]
        position, size = position + size, size % 701 + 97


def replay(client: httpx.Client, exchange: dict[str, Any], streamed: bool) -> None:
    body = exchange["request"]["body"]
    content = (body or {}).get("text", "").encode()
    with client.stream("POST", exchange["request"]["url"], content=content) as response:
        if streamed:
            for _ in response.iter_raw():
                pass
        else:
            response.read()


def expected_tokens(tokens: dict[str, Any] | None) -> dict[str, int]:
    if tokens is None:
        return {}
    names = {
        "inp": "input_tokens",
        "out": "output_tokens",
        "cr": "cache_read_tokens",
        "cw": "cache_write_tokens",
    }
    wanted = {name: tokens.get(key, 0) for key, name in names.items()}
    # The reference counts the input without its cached parts; ours includes them.
    wanted["input_tokens"] += wanted["cache_read_tokens"] + wanted["cache_write_tokens"]
    return wanted | {"reasoning_tokens": tokens.get("rs", 0)}


@pytest.mark.parametrize("compressed", [False, True])
def test_usage_of_every_recorded_exchange_is_read(compressed: bool) -> None:
    found = exchanges()
    current: dict[str, Any] = {}

    def answer(_: httpx.Request) -> httpx.Response:
        response = current["response"]
        body = response["body"]["text"].encode()
        headers = {"content-type": response["content_type"] or ""}
        if compressed:
            body, headers["content-encoding"] = gzip.compress(body, 1), "gzip"
        return httpx.Response(response["status"], headers=headers, stream=Stream(pieces(body)))

    class Stream(httpx.SyncByteStream):
        def __init__(self, chunks: Any) -> None:
            self._chunks = chunks

        def __iter__(self) -> Any:
            return self._chunks

    with testing.capture() as captured, httpx.Client(transport=httpx.MockTransport(answer)) as client:
        for exchange in found:
            current.update(exchange)
            replay(client, exchange, exchange["response"]["streamed"])
    assert len(captured.calls) == len(found) > 200
    wrong = [
        (exchange["id"], difference)
        for exchange, call in zip(found, captured.calls, strict=True)
        if (difference := compare(exchange, call))
    ]
    assert wrong == []


def compare(exchange: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    expected = exchange["expected"]
    usage = expected["usage_object"]
    wanted: dict[str, Any] = {
        "usage": usage,
        "status": "missing" if usage is None else "complete",
        "request_model": expected["request_model"],
        "response_model": expected["response_model"],
        "http_status": exchange["response"]["status"],
        **expected_tokens(expected["tokens"]),
    }
    raw = call.get("usage_raw")
    got: dict[str, Any] = {
        "usage": json.loads(raw) if raw else None,
        "status": call["usage_status"],
        "request_model": call.get("request_model"),
        "response_model": call.get("response_model"),
        "http_status": call["http_status"],
    }
    for name in expected_tokens(expected["tokens"]):
        # The reference writes 0 where a provider says nothing; we leave the key out.
        got[name] = call.get(name, 0)
    return {key: (got[key], value) for key, value in wanted.items() if got[key] != value}
