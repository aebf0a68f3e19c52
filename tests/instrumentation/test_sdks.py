"""The real openai and anthropic SDKs over a real socket, sync and async, streamed and not."""

import json
from typing import Any

import anthropic
import openai
import pytest

USAGE = {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
MESSAGES: Any = [{"role": "user", "content": "PROMPT-CANARY"}]


@pytest.fixture
def ai(server: Any) -> Any:
    with openai.OpenAI(base_url=f"{server.url}/openai/v1", api_key="KEY-CANARY", max_retries=1) as client:
        yield client


@pytest.fixture
def claude(server: Any) -> Any:
    with anthropic.Anthropic(
        base_url=f"{server.url}/anthropic", api_key="KEY-CANARY", max_retries=1
    ) as client:
        yield client


def test_openai_chat(ai: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json(make.chat()))
    answer = ai.chat.completions.create(model="gpt-test", messages=MESSAGES)
    assert answer.usage.prompt_tokens == 31
    assert [(c["input_tokens"], c["attempt"], c["usage_status"]) for c in captured.calls] == [
        (31, 1, "complete")
    ]


def test_openai_chat_stream(ai: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks(USAGE)))
    options = {"include_usage": True}
    with ai.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options=options
    ) as stream:
        assert len(list(stream)) == 5
    assert [(c["output_tokens"], c["usage_status"]) for c in captured.calls] == [(17, "complete")]


def test_openai_stream_left_early(ai: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks(USAGE, words=50), pause=0.002))
    stream = ai.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    next(iter(stream))
    stream.close()
    (call,) = captured.calls
    assert call["usage_status"] == "missing"
    assert "output_tokens" not in call


async def test_openai_async_stream(server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks(USAGE)))
    async with openai.AsyncOpenAI(base_url=f"{server.url}/openai/v1", api_key="k") as client:
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert len([chunk async for chunk in stream]) == 5
    assert [(c["output_tokens"], c["usage_status"]) for c in captured.calls] == [(17, "complete")]


def test_openai_responses_stream(ai: Any, server: Any, captured: Any, make: Any) -> None:
    head = {"id": "resp_9", "object": "response", "model": "gpt-test-2026", "output": [], "created_at": 1}
    usage = {"input_tokens": 6, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 3}}
    server.will(
        make.events(
            {"type": "response.created", "sequence_number": 0, "response": {**head, "status": "in_progress"}},
            {"type": "response.output_text.delta", "sequence_number": 1, "delta": "COMPLETION-CANARY"},
            {
                "type": "response.completed",
                "sequence_number": 2,
                "response": {**head, "status": "completed", "usage": usage},
            },
        )
    )
    with ai.responses.create(model="gpt-test", input="PROMPT-CANARY", stream=True) as stream:
        assert len(list(stream)) == 3
    (call,) = captured.calls
    assert (call["input_tokens"], call["reasoning_tokens"], call["usage_family"]) == (
        6,
        3,
        "openai_responses",
    )


def test_openai_embeddings(ai: Any, server: Any, captured: Any, make: Any) -> None:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
    server.will(
        make.gzip(
            make.json({"object": "list", "model": "emb-1", "data": data, "usage": {"prompt_tokens": 8}})
        )
    )
    ai.embeddings.create(model="emb", input="PROMPT-CANARY", encoding_format="float")
    (call,) = captured.calls
    assert (call["gen_ai_operation"], call["input_tokens"], call.get("output_tokens")) == (
        "embeddings",
        8,
        None,
    )


def test_raw_and_streaming_responses_pass(ai: Any, server: Any, captured: Any, make: Any) -> None:
    pretty = make.answer(json.dumps(make.chat(), indent=2).encode())
    server.will(pretty)
    raw = ai.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    assert raw.parse().usage.total_tokens == 48
    with ai.chat.completions.with_streaming_response.create(model="m", messages=MESSAGES) as response:
        assert response.parse().usage.total_tokens == 48
    assert [c["usage_status"] for c in captured.calls] == ["complete", "complete"]


@pytest.mark.parametrize("status", [429, 500])
def test_a_retry_is_a_second_record_of_its_own(
    ai: Any, claude: Any, server: Any, captured: Any, make: Any, status: int
) -> None:
    failure = make.json({"error": {"type": "server_error", "message": "Internal server error"}}, status)
    failure.headers["retry-after-ms"] = "1"
    server.will(failure, make.json(make.chat()))
    ai.chat.completions.create(model="m", messages=MESSAGES)
    first, second = captured.calls
    assert (first["attempt"], first["http_status"], first["usage_status"]) == (1, status, "missing")
    assert (second["attempt"], second["http_status"], second["usage_status"]) == (2, 200, "complete")
    assert first["error_message"] == "Internal server error"


def test_anthropic_message(claude: Any, server: Any, captured: Any, make: Any) -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 0,
        "output_tokens": 3,
    }
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test-1", "content": []}
    server.will(make.json({**head, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}))
    claude.messages.create(model="claude-test", max_tokens=5, messages=MESSAGES)
    (call,) = captured.calls
    assert (call["input_tokens"], call["cache_read_tokens"], call["cache_write_tokens"]) == (15, 5, 0)
    assert call["provider"] == "anthropic"


def test_anthropic_stream(claude: Any, server: Any, captured: Any, make: Any) -> None:
    answer = make.events(*make.message_events())
    answer.pieces = [
        b"event: " + json.loads(piece[6:])["type"].encode() + b"\n" + piece for piece in answer.pieces
    ]
    server.will(answer)
    with claude.messages.stream(model="claude-test", max_tokens=5, messages=MESSAGES) as stream:
        assert stream.get_final_message().usage.output_tokens == 41
    (call,) = captured.calls
    assert (call["input_tokens"], call["output_tokens"], call["usage_status"]) == (395, 41, "complete")


async def test_anthropic_async(server: Any, captured: Any, make: Any) -> None:
    server.will(
        make.json({"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x"}}, 404)
    )
    async with anthropic.AsyncAnthropic(
        base_url=f"{server.url}/anthropic", api_key="k", max_retries=0
    ) as client:
        with pytest.raises(anthropic.NotFoundError):
            await client.messages.create(model="claude-x", max_tokens=5, messages=MESSAGES)
    (call,) = captured.calls
    assert (call["error_type"], call["error_message"]) == ("not_found_error", "model: claude-x")
