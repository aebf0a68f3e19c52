"""Raw HTTP callers and streams: bytes pass unchanged, and the call ends exactly once, however it ends."""

import asyncio
import gc
import json
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
from tests.instrumentation.answers import COMPRESSIONS

library = pytest.mark.parametrize("lib", [httpx, httpx2], ids=["httpx", "httpx2"])
encodings = pytest.mark.parametrize("encoding", COMPRESSIONS)
USAGE = {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
REQUEST = {"model": "gpt-test", "stream": True, "messages": [{"role": "user", "content": "PROMPT-CANARY"}]}


def compressed(make: Any, encoding: str, *events: Any) -> Any:
    """A stream of events in an encoding, in pieces that no frame begins with; and its plain bytes."""
    plain = b"".join(make.events(*events).pieces)
    body = COMPRESSIONS[encoding](plain)
    pieces = [body[at : at + 40] for at in range(0, len(body), 40)]
    kind = "text/event-stream"
    return make.answer(pieces=pieces, content_type=kind, headers={"Content-Encoding": encoding}), plain


@library
@encodings
@pytest.mark.parametrize("raw", [False, True])
def test_a_stream_is_passed_on_unchanged_and_recorded_at_its_end(
    lib: Any, server: Any, captured: Any, make: Any, encoding: str, raw: bool
) -> None:
    answer, plain = compressed(make, encoding, *make.chat_chunks(USAGE))
    server.will(answer)
    with lib.stream("POST", f"{server.url}/openai/v1/chat/completions", json=REQUEST) as response:
        assert captured.calls == []
        body = b"".join(response.iter_raw() if raw else response.iter_bytes())
        assert body == (b"".join(answer.pieces) if raw else plain)
        assert len(captured.calls) == 1
    (call,) = captured.calls
    assert call["usage_status"] == "complete"
    assert call["stream"] is True
    assert call["input_tokens"] == 31
    assert call["attributes"]["spanledger.time_to_first_chunk_ms"] >= 0


@encodings
async def test_compressed_streams_of_other_libraries(
    server: Any, captured: Any, make: Any, encoding: str
) -> None:
    answer, plain = compressed(make, encoding, *make.chat_chunks(USAGE))
    server.will(answer)
    url, bodies = f"{server.url}/openai/v1/chat/completions", []
    async with httpx.AsyncClient() as client, client.stream("POST", url, json=REQUEST) as response:
        bodies.append(b"".join([piece async for piece in response.aiter_bytes()]))
    for decoded in (True, False):
        async with aiohttp.ClientSession(auto_decompress=decoded) as session:
            bodies.append(await (await session.post(url, json=REQUEST)).read())
    with requests.post(url, json=REQUEST, stream=True, timeout=5) as other:
        bodies.append(b"".join(other.iter_content(9)))
    bodies.append(requests.post(url, json=REQUEST, timeout=5).content)
    assert bodies == [plain, plain, b"".join(answer.pieces), plain, plain]
    assert [(call["usage_status"], call["input_tokens"]) for call in captured.calls] == [("complete", 31)] * 5


@encodings
async def test_compressed_documents(server: Any, captured: Any, make: Any, encoding: str) -> None:
    body = COMPRESSIONS[encoding](json.dumps(make.chat()).encode())
    server.will(make.answer(body, headers={"Content-Encoding": encoding}))
    url = f"{server.url}/openai/v1/chat/completions"
    httpx.post(url, json={"model": "m"})
    httpx2.post(url, json={"model": "m"})
    requests.post(url, json={"model": "m"}, timeout=5)
    async with aiohttp.ClientSession() as session:
        await (await session.post(url, json={"model": "m"})).json()
    assert [(call["usage_status"], call["input_tokens"]) for call in captured.calls] == [("complete", 31)] * 4


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
def test_an_error_event_in_a_stream_that_began_well(lib: Any, server: Any, captured: Any, make: Any) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    server.will(make.events(*make.message_events(3), error))
    lib.post(f"{server.url}/anthropic/v1/messages", json=REQUEST)
    (call,) = captured.calls
    assert (call["http_status"], call["error_type"]) == (200, "overloaded_error")
    assert call["usage_status"] == "partial"


def test_httpx2_reads_the_elapsed_time_back_through_the_tee(server: Any, captured: Any, make: Any) -> None:
    server.will(make.events(*make.chat_chunks(USAGE)))
    with httpx2.stream("POST", f"{server.url}/openai/v1/chat/completions", json=REQUEST) as response:
        response.read()
    assert response.elapsed.total_seconds() > 0
