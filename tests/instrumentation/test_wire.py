"""Raw HTTP callers over a real socket: what is recorded, what is not, and that calls end exactly once."""

import asyncio
import gc
import json
from typing import Any

import httpx
import httpx2
import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

import spanledger

LIBRARIES = [httpx, httpx2]
library = pytest.mark.parametrize("lib", LIBRARIES, ids=["httpx", "httpx2"])
USAGE = {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
REQUEST = {"model": "gpt-test", "stream": True, "messages": [{"role": "user", "content": "PROMPT-CANARY"}]}


@library
def test_a_call_is_recorded_with_everything_the_contract_names(
    lib: Any, server: Any, captured: Any, make: Any
) -> None:
    server.will(make.json(make.chat()))
    with spanledger.context(tenant="acme", operation="analyze", metadata={"case": 7}):
        answer = lib.post(f"{server.url}/openai/v1/chat/completions", json={"model": "gpt-test"})
    assert answer.json()["usage"] == USAGE
    (call,) = captured.calls
    times = [call.pop(key) for key in ("start_time_unix_nano", "end_time_unix_nano")]
    assert times[0] < times[1]
    ids = [call.pop(key) for key in ("process", "trace_id", "span_id")]
    assert [len(value) for value in ids] == [32, 32, 16]
    assert call == {
        "v": 1,
        "kind": "span",
        "sequence": 1,
        "scope": "spanledger",
        "scope_version": spanledger.__version__,
        "name": "chat gpt-test",
        "span_kind": "client",
        "status_code": "unset",
        "gen_ai_operation": "chat",
        "provider": "openai",
        "request_model": "gpt-test",
        "stream": False,
        "tenant": "acme",
        "operation": "analyze",
        "metadata": '{"case":7}',
        "attempt": 1,
        "http_status": 200,
        "response_model": "gpt-test-2026",
        "response_id": "chatcmpl-77",
        "response_metadata": '{"system_fingerprint":"fp_9"}',
        "input_tokens": 31,
        "output_tokens": 17,
        "usage_raw": json.dumps(USAGE, separators=(",", ":")),
        "usage_family": "openai_chat",
        "usage_status": "complete",
        "attributes": {
            "server.address": "127.0.0.1",
            "server.port": int(server.address.rpartition(":")[2]),
            "gen_ai.response.finish_reasons": ["stop"],
        },
        "resource": {"telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry"},
    }


@library
async def test_an_async_call_is_recorded(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json(make.chat()))
    async with lib.AsyncClient() as client:
        await client.post(f"{server.url}/openai/v1/chat/completions", json={"model": "gpt-test"})
    assert [call["input_tokens"] for call in captured.calls] == [31]


@library
@pytest.mark.parametrize("compress", [False, True])
def test_a_stream_is_passed_on_unchanged_and_recorded_at_its_end(
    lib: Any, server: Any, captured: Any, make: Any, compress: bool
) -> None:
    answer = make.events(*make.chat_chunks(USAGE))
    plain = b"".join(answer.pieces)
    server.will(make.gzip(answer) if compress else answer)
    with lib.stream("POST", f"{server.url}/openai/v1/chat/completions", json=REQUEST) as response:
        assert captured.calls == []
        assert b"".join(response.iter_bytes()) == plain
        assert len(captured.calls) == 1
    (call,) = captured.calls
    assert call["usage_status"] == "complete"
    assert call["stream"] is True
    assert call["input_tokens"] == 31
    assert call["attributes"]["spanledger.time_to_first_chunk_ms"] >= 0


@library
async def test_an_async_stream_is_passed_on_unchanged(
    lib: Any, server: Any, captured: Any, make: Any
) -> None:
    answer = make.gzip(make.events(*make.message_events()))
    server.will(answer)
    async with (
        lib.AsyncClient() as client,
        client.stream("POST", f"{server.url}/anthropic/v1/messages", json=REQUEST) as response,
    ):
        body = b"".join([chunk async for chunk in response.aiter_bytes()])
    assert body.count(b"data: ") == 6
    (call,) = captured.calls
    assert (call["input_tokens"], call["output_tokens"], call["region"]) == (395, 41, "us")
    assert json.loads(call["usage_raw"])["cache_creation"] == {
        "ephemeral_5m_input_tokens": 50,
        "ephemeral_1h_input_tokens": 20,
    }


def break_and_close(lib: Any, url: str) -> None:
    with lib.stream("POST", url, json=REQUEST) as response:
        next(response.iter_raw(10))


def let_go(lib: Any, url: str) -> None:
    client = lib.Client()
    response = client.send(client.build_request("POST", url, json=REQUEST), stream=True)
    pieces = response.iter_raw(10)
    next(pieces)
    network = response.stream  # what we stand in front of is closed by hand, as the test counts warnings
    client.close()
    del response, pieces, network


def throw(lib: Any, url: str) -> None:
    def consume() -> None:
        with lib.stream("POST", url, json=REQUEST) as response:
            for _ in response.iter_raw(10):
                raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        consume()


@library
@pytest.mark.parametrize("leave", [break_and_close, let_go, throw])
def test_a_stream_left_early_is_recorded_once(
    lib: Any, server: Any, captured: Any, make: Any, leave: Any
) -> None:
    server.will(make.events(*make.message_events(), pause=0.01))
    leave(lib, f"{server.url}/anthropic/v1/messages")
    gc.collect()
    (call,) = captured.calls
    assert call["usage_status"] in ("partial", "missing")
    assert call.get("output_tokens") != 0


@library
def test_a_stream_that_breaks_off_is_recorded_with_the_error(
    lib: Any, server: Any, captured: Any, make: Any
) -> None:
    server.will(make.events(*make.message_events(3), break_off=True))
    with (
        pytest.raises(lib.RemoteProtocolError),
        lib.stream("POST", f"{server.url}/anthropic/v1/messages", json=REQUEST) as response,
    ):
        response.read()
    (call,) = captured.calls
    assert call["error_type"] == "RemoteProtocolError"
    assert call["usage_status"] == "partial"
    assert call["input_tokens"] == 390
    assert call["status_code"] == "error"


@library
async def test_a_cancelled_stream_is_recorded_once(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.message_events(), pause=0.2))
    started = asyncio.Event()

    async def consume() -> None:
        async with (
            lib.AsyncClient() as client,
            client.stream("POST", f"{server.url}/anthropic/v1/messages", json=REQUEST) as response,
        ):
            async for _ in response.aiter_raw():
                started.set()

    task = asyncio.create_task(consume())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (call,) = captured.calls
    assert call["error_type"] == "CancelledError"
    assert call["usage_status"] == "partial"


@library
async def test_a_call_cancelled_before_its_answer_is_recorded(
    lib: Any, server: Any, captured: Any, make: Any
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), lib.AsyncClient(transport=Stuck(lib)) as client:
            await client.post("https://api.openai.com/v1/responses", json={"model": "m"})
    (call,) = captured.calls
    assert call["error_type"] == "CancelledError"
    assert call["usage_status"] == "missing"
    assert "http_status" not in call


def Stuck(lib: Any) -> Any:  # noqa: N802
    async def handler(_: Any) -> Any:
        await asyncio.sleep(10)

    return lib.MockTransport(handler)


@library
def test_a_stream_without_usage_is_missing_not_zero(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks()))
    lib.post(f"{server.url}/openai/v1/chat/completions", json=REQUEST)  # read in one go by the caller
    (call,) = captured.calls
    assert call["usage_status"] == "missing"
    assert not [key for key in call if key.endswith("_tokens")]
    assert call["response_model"] == "gpt-test-2026"


@library
def test_errors_are_recorded_with_their_code(lib: Any, server: Any, captured: Any, make: Any) -> None:
    known = {
        "error": {"message": "Overloaded", "type": "overloaded_error"},
        "type": "error",
        "request_id": "req_1",
    }
    quoting = {
        "error": {"message": "no such word: PROMPT-CANARY", "code": "bad_word", "param": "messages[0]"}
    }
    server.will(make.json(known, 529), make.json(quoting, 400), make.answer(b"<html>", 502))
    for path in ("anthropic/v1/messages", "openai/v1/responses", "openai/v1/embeddings"):
        lib.post(f"{server.url}/{path}", json={"model": "m"})
    overloaded, bad, gateway = captured.calls
    assert (overloaded["error_type"], overloaded["error_message"]) == ("overloaded_error", "Overloaded")
    assert json.loads(overloaded["response_metadata"])["request_id"] == "req_1"
    assert bad["error_type"] == "bad_word"
    assert "error_message" not in bad
    assert json.loads(bad["response_metadata"])["error_param"] == "messages[0]"
    assert (gateway["error_type"], gateway["http_status"]) == ("502", 502)
    assert {call["usage_status"] for call in captured.calls} == {"missing"}
    assert {call["status_code"] for call in captured.calls} == {"error"}


@library
def test_an_error_event_in_a_stream_that_began_well(lib: Any, server: Any, captured: Any, make: Any) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    server.will(make.events(*make.message_events(3), error))
    lib.post(f"{server.url}/anthropic/v1/messages", json=REQUEST)
    (call,) = captured.calls
    assert (call["http_status"], call["error_type"]) == (200, "overloaded_error")
    assert call["usage_status"] == "partial"


@library
def test_a_refused_connection_is_a_recorded_call(lib: Any, captured: Any) -> None:
    with pytest.raises(lib.ConnectError):
        lib.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m"})
    (call,) = captured.calls
    assert call["error_type"] == "ConnectError"
    assert call["provider"] == "unknown"


@library
def test_what_is_no_llm_call_is_left_alone(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json({"input_tokens": 5}))
    for path in (
        "anthropic/v1/messages/count_tokens",
        "openai/v1/files",
        "openai/v1/moderations",
        "v1/messages",
    ):
        lib.post(f"{server.url}/{path}", json={"model": "m"})
    lib.post(f"{server.url}/openai/v1/threads/t_1/v1/messages", json={"model": "m"})
    lib.get(f"{server.url}/openai/v1/responses")
    assert captured.calls == []


@library
def test_a_call_inside_a_call_is_one_attempt(lib: Any, server: Any, captured: Any, make: Any) -> None:
    inner = lib.Client()

    class Forwarding(lib.BaseTransport):  # type: ignore[misc,name-defined]
        def handle_request(self, request: Any) -> Any:
            answer = inner.post(f"{server.url}/openai/v1/chat/completions", content=request.read())
            return lib.Response(200, content=answer.content)

    server.will(make.json(make.chat()))
    with lib.Client(transport=Forwarding()) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "m"})
        client.post("https://api.openai.com/v1/chat/completions", json={"model": "m"})
    inner.close()
    assert [call["sequence"] for call in captured.calls] == [1, 2]


@library
def test_a_body_that_is_a_stream_stays_the_requests(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json(make.chat()))
    body = json.dumps({"model": "gpt-test"}).encode()
    lib.post(
        f"{server.url}/openai/v1/chat/completions",
        content=iter([body]),
        headers={"Content-Length": str(len(body))},
    )
    (call,) = captured.calls
    assert server.requests[0][2] == body
    assert "request_model" not in call
    assert call["name"] == "chat gpt-test-2026"


@library
def test_suppressed_telemetry_does_not_hide_spending(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json(make.chat()))
    with suppress_instrumentation():
        lib.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"})
    assert len(captured.calls) == 1


@library
def test_requested_tiers_are_marked_as_assumed(lib: Any, server: Any, captured: Any, make: Any) -> None:
    server.will(make.json(make.chat()), make.json({**make.chat(), "service_tier": "default"}))
    for _ in range(2):
        lib.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m", "service_tier": "flex"})
    assert [(c["service_tier"], c.get("tier_assumed")) for c in captured.calls] == [
        ("flex", True),
        ("default", None),
    ]


@library
def test_openrouter_reports_its_cost(lib: Any, server: Any, captured: Any, make: Any) -> None:
    body = b'{"id":"gen-1","model":"a/b","choices":[],"usage":{"prompt_tokens":2,"cost":0.00030700}}'
    server.will(make.answer(b" \n" + body))
    lib.post(f"{server.url}/openrouter/api/v1/chat/completions", json={"model": "a/b"})
    (call,) = captured.calls
    assert (call["reported_cost"], call["reported_cost_currency"]) == ("0.00030700", "USD")
    assert call["usage_raw"] == '{"prompt_tokens":2,"cost":0.00030700}'
    assert call["provider"] == "openrouter"


@library
def test_azure_names_the_model_in_the_path(lib: Any, captured: Any, make: Any) -> None:
    transport = lib.MockTransport(lambda _: lib.Response(200, json=make.chat()))
    with lib.Client(transport=transport) as client:
        client.post(
            "https://x.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=1", json={}
        )
    assert (captured.calls[0]["provider"], captured.calls[0]["request_model"]) == (
        "azure.ai.openai",
        "my-gpt",
    )


def test_a_defect_of_ours_never_reaches_the_caller(
    server: Any, captured: Any, make: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setattr("spanledger.capture.response_attributes", lambda *_: 1 / 0)
    monkeypatch.setattr("spanledger.scanner.BodyScanner.feed", lambda *_: 1 / 0)
    server.will(make.json(make.chat()))
    for _ in range(2):
        assert httpx2.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"}).status_code == 200
    assert captured.losses == {"encode_error": 2}
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_uninstrument_restores_everything_and_instrument_is_idempotent(tmp_path: Any) -> None:
    originals = [(cls, cls.send) for lib in LIBRARIES for cls in (lib.Client, lib.AsyncClient)]
    spanledger.instrument()
    patched = [cls.send for cls, _ in originals]
    spanledger.instrument()
    assert [cls.send for cls, _ in originals] == patched
    assert all(cls.send is not send for cls, send in originals)
    spanledger.uninstrument()
    spanledger.uninstrument()
    assert all(cls.send is send for cls, send in originals)


def test_httpx2_reads_the_elapsed_time_back_through_the_tee(server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks(USAGE)))
    with httpx2.stream("POST", f"{server.url}/openai/v1/chat/completions", json=REQUEST) as response:
        response.read()
    assert response.elapsed.total_seconds() > 0
