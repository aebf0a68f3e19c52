"""What is billed without a usage object of the answer: speech, images, and answers made in the background."""

import json
from typing import Any

import httpx
import openai
import pytest
import requests

import spanledger
from spanledger import testing
from spanledger.background import Background
from spanledger.scope import CallContext

USAGE = {"input_tokens": 31, "output_tokens": 17, "total_tokens": 48}


def client(server: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/openai/v1", api_key="k", max_retries=0)


@pytest.mark.parametrize("streamed", [False, True])
def test_speech_is_counted_in_characters_of_the_request(
    server: Any, captured: Any, make: Any, streamed: bool
) -> None:
    sound = b"ID3\4\0{" + bytes(range(256)) * 40
    pieces = [sound[at : at + 1000] for at in range(0, len(sound), 1000)] if streamed else None
    server.will(make.answer(sound, content_type="audio/mpeg", pieces=pieces))
    with client(server) as api:
        given: Any = {"model": "tts-1", "voice": "alloy", "input": "PROMPT-CANARY é"}
        if streamed:
            with api.audio.speech.with_streaming_response.create(**given) as response:
                assert b"".join(response.iter_bytes()) == sound
        else:
            assert api.audio.speech.create(**given).content == sound
    (call,) = captured.calls
    assert (call["usage_family"], call["usage_status"]) == ("openai_audio", "complete")
    assert json.loads(call["usage_raw"]) == {"input_characters": 15}
    assert "CANARY" not in json.dumps(call)


def test_speech_that_failed_or_reports_tokens_is_not_counted_in_characters(
    server: Any, captured: Any, make: Any
) -> None:
    given: Any = {"model": "tts-1", "voice": "alloy", "input": "x" * 20}
    done = {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 5, "output_tokens": 90, "total_tokens": 95},
    }
    piece = {"type": "speech.audio.delta", "audio": "AAAA"}
    server.will(
        make.json({"error": {"type": "server_error"}}, 500), make.events(piece), make.events(piece, done)
    )
    for _ in range(3):
        httpx.post(f"{server.url}/openai/v1/audio/speech", json=given)
    failed, left, told = captured.calls
    assert [(call["usage_status"], "usage_raw" in call) for call in (failed, left)] == [
        ("missing", False)
    ] * 2
    assert told["output_tokens"] == 90


def test_images_without_usage_are_counted(server: Any, captured: Any, make: Any) -> None:
    server.will(make.json({"created": 1, "data": [{"url": "https://secret"}, {"b64_json": "A" * 50_000}]}))
    with client(server) as api:
        api.images.generate(model="dall-e-3", prompt="PROMPT-CANARY", n=2)
    (call,) = captured.calls
    assert (call["usage_status"], call["gen_ai_operation"]) == ("complete", "image_generation")
    assert json.loads(call["usage_raw"]) == {"generated_images": 2}


def response(status: str, usage: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-test-2026",
        "status": status,
        "background": True,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
        **more,
    }


def test_an_answer_made_in_the_background_is_billed_once_to_whom_asked(
    server: Any, captured: Any, make: Any
) -> None:
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    server.will(
        make.json(response("queued")),
        make.json(response("in_progress")),
        make.json(response("completed", USAGE | details)),
    )
    with client(server) as api:
        with spanledger.context(tenant="acme", operation="research"):
            begun = api.responses.create(model="gpt-test", input="PROMPT-CANARY", background=True)
        with spanledger.context(tenant="somebody-else"):
            while begun.status in ("queued", "in_progress"):
                begun = api.responses.retrieve(begun.id)
        api.responses.retrieve(begun.id)
    asked, fetched = captured.calls
    assert [call["sequence"] for call in captured.calls] == [1, 2]
    assert (asked["usage_status"], asked["response_id"]) == ("missing", "resp_1")
    assert json.loads(asked["response_metadata"])["usage_missing"] == "background"
    assert (fetched["usage_status"], fetched["response_id"]) == ("complete", "resp_1")
    assert (fetched["tenant"], fetched["operation"]) == ("acme", "research")
    assert (fetched["input_tokens"], fetched["output_tokens"]) == (31, 17)
    assert json.loads(fetched["response_metadata"])["fetched"] == "true"


def test_another_process_may_fetch_it(server: Any, captured: Any, make: Any) -> None:
    url = f"{server.url}/openai/v1/responses/resp_1"
    server.will(make.json(response("completed", USAGE)))
    with spanledger.context(tenant="worker"):
        for _ in range(2):
            requests.get(url, timeout=5)
    server.will(
        make.events({"type": "response.completed", "response": response("completed", USAGE, id="resp_2")})
    )
    with httpx.stream("GET", f"{server.url}/openai/v1/responses/resp_2?stream=true") as streamed:
        streamed.read()
    assert [(call["response_id"], call.get("tenant")) for call in captured.calls] == [
        ("resp_1", "worker"),
        ("resp_2", None),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        response("completed", USAGE, background=False),
        response("in_progress"),
        response("completed"),
        {"error": {"type": "not_found"}},
        [],
    ],
)
def test_fetching_what_was_billed_already_or_is_not_done_is_no_call(
    server: Any, captured: Any, make: Any, answer: Any
) -> None:
    server.will(make.json(answer))
    httpx.get(f"{server.url}/openai/v1/responses/resp_1")
    server.will(make.json(make.chat()))
    httpx.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"})
    # And it leaves no gap in the numbers.
    assert [call["sequence"] for call in captured.calls] == [1]


def test_a_fetch_that_fails_is_no_call(captured: Any) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:9/v1/responses/resp_1")
    assert captured.calls == []


def test_an_interaction_in_the_background(server: Any, make: Any) -> None:
    usage = {"total_input_tokens": 9, "total_output_tokens": 4, "total_tokens": 13}
    with testing.capture(provider_hosts=f"{server.address}=gcp.gemini") as captured:
        server.will(make.json({"id": "v1_x", "agent": "deep", "status": "in_progress"}))
        with spanledger.context(tenant="acme"):
            httpx.post(
                f"{server.url}/v1beta/interactions", json={"agent": "deep", "input": "x", "background": True}
            )
        server.will(make.json({"id": "v1_x", "agent": "deep", "status": "completed", "usage": usage}))
        for _ in range(2):
            httpx.get(f"{server.url}/v1beta/interactions/v1_x")
        httpx.get(f"{server.url}/v1beta/interactions/v1_unknown")
    asked, fetched = captured.calls
    assert (asked["request_model"], asked["usage_status"]) == ("deep", "missing")
    assert (fetched["tenant"], fetched["input_tokens"], fetched["output_tokens"]) == ("acme", 9, 4)


def test_what_is_remembered_is_bounded() -> None:
    background = Background()
    for number in range(10_050):
        background.began(str(number), CallContext(tenant="t"))
    assert background.owner("0") is None
    assert background.owner("10049") == CallContext(tenant="t")
    assert len(background._asked) == 10_000
