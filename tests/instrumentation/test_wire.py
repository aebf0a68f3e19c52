"""Raw HTTP callers over a real socket: what is recorded of a call, and what is no call."""

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
