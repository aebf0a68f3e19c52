"""Bedrock: Converse, InvokeModel with the bodies of many models, and binary event streams; numbers of our own."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.instrumentation.answers import count, frame, read, scan

from spanledger.providers.bedrock_invoke import read_headers
from spanledger.providers.eventstream import FRAME_LIMIT, Frames
from spanledger.providers.facts import Facts, NumberText, Tokens

STREAM = "application/vnd.amazon.eventstream"
CONVERSE = {
    "inputTokens": 10,
    "outputTokens": 5,
    "totalTokens": 155,
    "cacheReadInputTokens": 100,
    "cacheReadInputTokenCount": 100,
    "cacheWriteInputTokens": 40,
    "cacheWriteInputTokenCount": 40,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 30}],
}
METRICS = {"inputTokenCount": 12, "outputTokenCount": 34, "invocationLatency": 900}


def chunk(body: dict[str, Any]) -> bytes:
    wrapped = {"bytes": base64.b64encode(json.dumps(body).encode()).decode(), "p": "abcdef"}
    return frame(
        json.dumps(wrapped, separators=(",", ":")).encode(), event_type="chunk", message_type="event"
    )


def event(kind: str, body: dict[str, Any]) -> bytes:
    return frame(json.dumps(body).encode(), event_type=kind, message_type="event")


def test_a_chunk_may_be_written_with_spaces() -> None:
    said = {"type": "message_delta", "usage": {"input_tokens": 5, "output_tokens": 7}}
    wrapped = {"bytes": base64.b64encode(json.dumps(said).encode()).decode()}
    body = frame(json.dumps(wrapped, indent=1).encode(), event_type="chunk", message_type="event")
    assert scan("bedrock_invoke", body, STREAM)[1] == Tokens(input=5, output=7)


def test_converse_leaves_the_cache_out_of_its_input_and_names_it_twice() -> None:
    facts, tokens = read("bedrock_converse", {"stopReason": "end_turn", "usage": CONVERSE})
    assert tokens == Tokens(input=150, output=5, cache_read=100, cache_write=40)
    assert facts.usage == CONVERSE
    assert facts.finish_reasons == ["end_turn"]
    old = {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokenCount": 3}
    assert read("bedrock_converse", {"usage": old})[1] == Tokens(input=4, output=2, cache_read=3)


@pytest.mark.parametrize("content_type", [STREAM, None])
@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_a_converse_stream_ends_with_its_metadata(content_type: str | None, size: int) -> None:
    body = b"".join(
        (
            event("messageStart", {"role": "assistant"}),
            *(event("contentBlockDelta", {"delta": {"text": "secret"}}) for _ in range(20)),
            event("messageStop", {"stopReason": "max_tokens"}),
            event("metadata", {"metrics": {"latencyMs": 1}, "usage": CONVERSE}),
        )
    )
    facts, tokens = scan("bedrock_converse", body, content_type, size)
    assert facts.usage == CONVERSE
    assert (facts.final, facts.finish_reasons, tokens.input) == (True, ["max_tokens"], 150)


def test_an_exception_in_the_stream_is_an_error() -> None:
    said = frame(
        b'{"message":"You said secret"}', exception_type="throttlingException", message_type="exception"
    )
    facts, _ = scan("bedrock_converse", event("messageStart", {"role": "x"}) + said, STREAM)
    assert facts.error_type == "throttlingException"
    assert facts.usage is None


INVOKED = {
    "anthropic": (
        {
            "type": "message",
            "model": "c",
            "usage": {"input_tokens": 4, "cache_creation_input_tokens": 9, "output_tokens": 1},
        },
        "anthropic_messages",
        Tokens(input=13, output=1, cache_write=9),
    ),
    "nova": (
        {"output": {}, "stopReason": "end_turn", "usage": CONVERSE},
        "bedrock_converse",
        Tokens(input=150, output=5, cache_read=100, cache_write=40),
    ),
    "an imported model": (
        {"choices": [{"finish_reason": "length"}], "usage": {"prompt_tokens": 6, "completion_tokens": 100}},
        "openai_chat",
        Tokens(input=6, output=100),
    ),
    "llama": (
        {"generation": "secret", "prompt_token_count": 8, "generation_token_count": 35},
        None,
        Tokens(input=8, output=35),
    ),
    "titan": (
        {
            "inputTextTokenCount": 8,
            "results": [{"tokenCount": 20, "outputText": "secret"}, {"tokenCount": 3}],
        },
        None,
        Tokens(input=8, output=23),
    ),
    "titan in whole fractions": (
        {"inputTextTokenCount": NumberText("28.0"), "results": [{"tokenCount": NumberText("197.0")}]},
        None,
        Tokens(input=28, output=197),
    ),
    "titan embeddings": ({"embedding": [1], "inputTextTokenCount": 5}, None, Tokens(input=5)),
}


@pytest.mark.parametrize(("body", "family", "expected"), INVOKED.values(), ids=INVOKED)
def test_an_invoked_model_speaks_its_own_language(body: Any, family: str | None, expected: Tokens) -> None:
    facts, tokens = read("bedrock_invoke", body)
    assert (facts.family, tokens) == (family, expected)
    assert "secret" not in repr(facts.usage)


def test_headers_count_where_the_body_does_not() -> None:
    headers = {
        "x-amzn-bedrock-input-token-count": "21",
        "x-amzn-bedrock-output-token-count": "7",
        "x-amzn-bedrock-cache-read-input-token-count": "-3",
        "x-amzn-bedrock-cache-write-input-token-count": "9" * 30,
    }
    facts = Facts()
    read_headers(facts, headers)
    assert facts.usage == {"inputTokenCount": 21, "outputTokenCount": 7}
    assert count("bedrock_invoke", facts) == Tokens(input=21, output=7)


def test_the_body_goes_over_the_headers() -> None:
    from spanledger.providers import FAMILIES

    facts = Facts()
    read_headers(facts, {"x-amzn-bedrock-input-token-count": "21"})
    usage = {"input_tokens": 4, "output_tokens": 1}
    FAMILIES["bedrock_invoke"].read(facts, {"type": "message", "usage": usage})
    assert facts.usage == usage
    assert facts.family == "anthropic_messages"


def test_a_stream_of_an_anthropic_model_keeps_its_own_usage() -> None:
    start = {
        "type": "message_start",
        "message": {"model": "c", "usage": {"input_tokens": 16, "output_tokens": 1}},
    }
    delta = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 21},
    }
    stop = {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}
    facts, tokens = scan("bedrock_invoke", chunk(start) + chunk(delta) + chunk(stop), STREAM)
    assert facts.usage == {"input_tokens": 16, "output_tokens": 21}
    assert (facts.family, facts.final, tokens) == ("anthropic_messages", True, Tokens(input=16, output=21))
    aborted, _ = scan("bedrock_invoke", chunk(start), STREAM)
    assert (aborted.usage, aborted.final) == ({"input_tokens": 16, "output_tokens": 1}, False)


def test_bedrocks_metrics_stand_in_for_models_without_usage() -> None:
    body = chunk({"outputs": [{"text": "secret"}]}) + chunk({"amazon-bedrock-invocationMetrics": METRICS})
    facts, tokens = scan("bedrock_invoke", body, STREAM)
    assert facts.usage == METRICS
    assert (facts.final, tokens) == (True, Tokens(input=12, output=34))


def test_a_frame_beyond_the_limit_is_stepped_over() -> None:
    long = event("contentBlockDelta", {"delta": {"text": "x" * (FRAME_LIMIT + 1)}})
    last = event("metadata", {"usage": CONVERSE})
    facts, _ = scan("bedrock_converse", long + last, STREAM, 65_536)
    assert facts.usage == CONVERSE
    assert scan("bedrock_converse", long, STREAM, 65_536)[0].metadata == {"usage_missing": "too_long"}


@given(st.binary(max_size=200), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_bytes_that_are_no_event_stream_are_said_to_be_unreadable(noise: bytes, size: int) -> None:
    whole = event("metadata", {"usage": CONVERSE})
    facts, _ = scan("bedrock_converse", whole + b"\xff" * 12 + noise, STREAM, size)
    assert facts.usage == CONVERSE
    assert facts.metadata == {"usage_missing": "unreadable"}


@given(st.lists(st.binary(max_size=80), max_size=6), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_frames_come_out_whole_in_any_pieces(payloads: list[bytes], size: int) -> None:
    body = b"".join(frame(payload, event_type="chunk") for payload in payloads)
    frames = Frames()
    found = [f for start in range(0, len(body), size) for f in frames.feed(body[start : start + size])]
    assert [f.payload for f in found] == payloads
    assert all(f.headers == {":event-type": "chunk"} for f in found)
