"""aiohttp, requests and botocore over a real socket: same records, nothing different for the caller."""

import asyncio
import gc
import json
from typing import Any

import aiobotocore.session
import aiohttp
import botocore.session
import pytest
import requests
from botocore.config import Config
from google import genai

import spanledger
from spanledger import testing

USAGE = {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
REQUEST = {"model": "gpt-test", "stream": True, "messages": [{"role": "user", "content": "PROMPT-CANARY"}]}
CHAT = "openai/v1/chat/completions"


def rows(captured: Any, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(call.get(key) for key in keys) for call in captured.calls]


@pytest.mark.parametrize("options", [{"json": REQUEST}, {"data": json.dumps(REQUEST)}])
async def test_aiohttp_call(server: Any, captured: Any, make: Any, options: Any) -> None:
    server.will(make.gzip(make.json(make.chat())))
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/{CHAT}", **options) as response,
    ):
        assert (await response.json())["usage"] == USAGE
        assert len(captured.calls) == 1
    assert rows(captured, "request_model", "input_tokens", "usage_status", "http_status") == [
        ("gpt-test", 31, "complete", 200)
    ]
    assert json.loads(server.requests[0][2]) == REQUEST


@pytest.mark.parametrize("how", ["iter_any", "iter_chunks", "lines", "read", "iter_chunked"])
@pytest.mark.parametrize("plain", [True, False])
async def test_aiohttp_stream(server: Any, captured: Any, make: Any, how: str, plain: bool) -> None:
    answer = make.events(*make.chat_chunks(USAGE), pause=0.002)
    expected = b"".join(answer.pieces)
    server.will(answer if plain else make.gzip(answer))
    async with aiohttp.ClientSession(auto_decompress=True, base_url=server.url) as session:
        response = await session.post(f"/{CHAT}", json=REQUEST)
        content = response.content
        if how == "read":
            body = await response.read()
        elif how == "lines":
            body = b"".join([line async for line in content])
        elif how == "iter_chunks":
            body = b"".join([piece async for piece, _ in content.iter_chunks()])
        else:
            steps = content.iter_any() if how == "iter_any" else content.iter_chunked(7)
            body = b"".join([piece async for piece in steps])
    assert body == expected
    assert rows(captured, "output_tokens", "usage_status", "stream") == [(17, "complete", True)]


async def test_aiohttp_that_does_not_decompress(server: Any, captured: Any, make: Any) -> None:
    answer = make.gzip(make.events(*make.chat_chunks(USAGE)))
    server.will(answer)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        response = await session.post(f"{server.url}/{CHAT}", json=REQUEST)
        assert await response.read() == b"".join(answer.pieces)
    assert rows(captured, "output_tokens", "usage_status") == [(17, "complete")]


@pytest.mark.parametrize("leave", ["close", "release", "cancel"])
async def test_aiohttp_stream_left_early(server: Any, captured: Any, make: Any, leave: str) -> None:
    server.will(make.events(*make.message_events(), pause=0.05))
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{server.url}/anthropic/v1/messages", json=REQUEST)
        await response.content.readany()
        if leave == "cancel":
            task = asyncio.create_task(response.read())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            getattr(response, leave)()
    assert [status in ("partial", "missing") for (status,) in rows(captured, "usage_status")] == [True]


async def test_aiohttp_errors(server: Any, captured: Any, make: Any) -> None:
    server.will(make.json({"error": {"type": "overloaded_error", "message": "Overloaded"}}, 529))
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        with pytest.raises(aiohttp.ClientResponseError):
            await session.post(f"{server.url}/anthropic/v1/messages", json={"model": "m"})
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m"})
        server.will(make.events(*make.message_events(3), break_off=True))
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{server.url}/anthropic/v1/messages", json=REQUEST)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    refused, unreachable, broken = captured.calls
    assert refused["error_type"] == "ClientResponseError"
    assert unreachable["error_type"] == "ClientConnectorError"
    assert (broken["usage_status"], broken["input_tokens"]) == ("partial", 390)
    assert broken["error_type"] == "ClientPayloadError"


# Google's own subclass of aiohttp's session.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
async def test_google_genai_over_aiohttp_and_over_httpx_is_one_record_each(server: Any, make: Any) -> None:
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}
    part = {"content": {"parts": [{"text": "COMPLETION-CANARY"}], "role": "model"}, "finishReason": "STOP"}
    answer = {"candidates": [part], "usageMetadata": usage, "modelVersion": "gemini-t", "responseId": "r"}
    hosts = f"{server.address}=gcp.gemini"
    with testing.capture(provider_hosts=hosts) as captured:
        client = genai.Client(api_key="k", http_options={"base_url": server.url})
        server.will(make.json(answer))
        client.models.generate_content(model="gemini-t", contents="PROMPT-CANARY")
        await client.aio.models.generate_content(model="gemini-t", contents="PROMPT-CANARY")
        server.will(make.events(answer))
        async for _ in await client.aio.models.generate_content_stream(model="gemini-t", contents="x"):
            pass
        list(client.models.generate_content_stream(model="gemini-t", contents="x"))
        await client.aio.aclose()
        client.close()
    assert (
        rows(captured, "provider", "input_tokens", "output_tokens", "usage_status")
        == [("gcp.gemini", 9, 4, "complete")] * 4
    )


def test_requests_call(server: Any, captured: Any, make: Any) -> None:
    server.will(make.gzip(make.json(make.chat())))
    answer = requests.post(f"{server.url}/{CHAT}", json={"model": "gpt-test"}, timeout=5)
    assert answer.json()["usage"] == USAGE
    assert rows(captured, "request_model", "input_tokens", "usage_status") == [("gpt-test", 31, "complete")]


READERS = {
    "iter_content": lambda answer: b"".join(answer.iter_content(9)),
    "iter_lines": lambda answer: b"".join(line + b"\n" for line in answer.iter_lines()),
    "content": lambda answer: answer.content,
    "raw_stream": lambda answer: b"".join(answer.raw.stream(9, decode_content=True)),
    "raw_read": lambda answer: b"".join(iter(lambda: answer.raw.read(5, decode_content=True), b"")),
    "raw": lambda answer: b"".join(answer.raw),
}


@pytest.mark.parametrize("how", READERS)
@pytest.mark.parametrize("plain", [True, False])
def test_requests_stream(server: Any, captured: Any, make: Any, how: str, plain: bool) -> None:
    answer = make.events(*make.chat_chunks(USAGE))
    expected = b"".join(answer.pieces)
    server.will(answer if plain else make.gzip(answer))
    with requests.post(f"{server.url}/{CHAT}", json=REQUEST, stream=True, timeout=5) as response:
        assert captured.calls == []
        assert READERS[how](response) == expected
    assert rows(captured, "output_tokens", "usage_status", "stream") == [(17, "complete", True)]


def test_requests_raw_bytes_stay_compressed(server: Any, captured: Any, make: Any) -> None:
    answer = make.gzip(make.events(*make.chat_chunks(USAGE)))
    server.will(answer)
    with requests.post(f"{server.url}/{CHAT}", json=REQUEST, stream=True, timeout=5) as response:
        assert response.raw.read() == b"".join(answer.pieces)
    assert rows(captured, "output_tokens", "usage_status") == [(17, "complete")]


@pytest.mark.parametrize("leave", ["close", "collect"])
def test_requests_stream_left_early(server: Any, captured: Any, make: Any, leave: str) -> None:
    server.will(make.events(*make.message_events(), pause=0.01))
    response: Any = requests.post(f"{server.url}/anthropic/v1/messages", json=REQUEST, stream=True, timeout=5)
    next(response.iter_content(5))
    if leave == "close":
        response.close()
    response = None
    gc.collect()
    assert [status in ("partial", "missing") for (status,) in rows(captured, "usage_status")] == [True]


def test_requests_errors_and_redirects(server: Any, captured: Any, make: Any) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.post("http://127.0.0.1:9/v1/chat/completions", json={"model": "m"}, timeout=5)
    moved = make.answer(b"", 307, headers={"Location": f"{server.url}/{CHAT}"})
    server.will(moved, make.json(make.chat()))
    requests.post(f"{server.url}/{CHAT}", json={"model": "m"}, timeout=5)
    server.will(make.events(*make.message_events(3), break_off=True))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.post(f"{server.url}/anthropic/v1/messages", json=REQUEST, stream=True, timeout=5).content  # noqa: B018
    first, moved, broken = captured.calls
    assert first["error_type"] == "ConnectionError"
    assert (moved["http_status"], moved["input_tokens"]) == (200, 31)
    assert (broken["usage_status"], broken["error_type"]) == ("partial", "ProtocolError")


CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "COMPLETION-CANARY"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 12, "outputTokens": 5, "totalTokens": 17},
    "metrics": {"latencyMs": 3},
}
MESSAGES: Any = [{"role": "user", "content": [{"text": "PROMPT-CANARY"}]}]
CLAUDE = {"type": "message", "id": "msg_1", "model": "claude-t", "stop_reason": "end_turn", "content": []}
INVOKED = {**CLAUDE, "usage": {"input_tokens": 12, "output_tokens": 5}}
BEDROCK = {
    "service_name": "bedrock-runtime",
    "region_name": "us-east-1",
    "aws_access_key_id": "KEY-CANARY",
    "aws_secret_access_key": "KEY-CANARY",
}


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One message of an AWS event stream."""
    import struct
    import zlib

    headers = b""
    for name, value in (
        (":message-type", "event"),
        (":event-type", kind),
        (":content-type", "application/json"),
    ):
        headers += bytes([len(name)]) + name.encode() + b"\7" + struct.pack(">H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def frames(make: Any, *events: tuple[str, dict[str, Any]]) -> Any:
    pieces = b"".join(frame(*event) for event in events)
    cut = [pieces[at : at + 50] for at in range(0, len(pieces), 50)]
    return make.answer(pieces=cut, content_type="application/vnd.amazon.eventstream")


def converse_events() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "COMPLETION-CANARY"}}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": CONVERSE["usage"], "metrics": {"latencyMs": 3}}),
    ]


@pytest.fixture
def bedrock(server: Any) -> Any:
    with testing.capture(provider_hosts=f"{server.address}=aws.bedrock") as captured:
        yield captured


def boto(server: Any) -> Any:
    options = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    return botocore.session.Session().create_client(**BEDROCK, endpoint_url=server.url, config=options)


def test_bedrock_converse_and_invoke(server: Any, bedrock: Any, make: Any) -> None:
    client = boto(server)
    server.will(make.json(CONVERSE), make.json(INVOKED))
    assert client.converse(modelId="vendor.m-v1:0", messages=MESSAGES)["usage"]["inputTokens"] == 12
    answer = client.invoke_model(modelId="vendor.m-v1:0", body=json.dumps({"max_tokens": 1}))
    assert json.loads(answer["body"].read())["usage"]["output_tokens"] == 5
    assert rows(
        bedrock, "provider", "request_model", "usage_family", "input_tokens", "output_tokens", "usage_status"
    ) == [
        ("aws.bedrock", "vendor.m-v1:0", "bedrock_converse", 12, 5, "complete"),
        ("aws.bedrock", "vendor.m-v1:0", "anthropic_messages", 12, 5, "complete"),
    ]


def test_bedrock_event_streams(server: Any, bedrock: Any, make: Any) -> None:
    client = boto(server)
    server.will(frames(make, *converse_events()))
    events = list(client.converse_stream(modelId="m", messages=MESSAGES)["stream"])
    assert [next(iter(event)) for event in events][-1] == "metadata"
    stream = client.converse_stream(modelId="m", messages=MESSAGES)["stream"]
    next(iter(stream))
    stream.close()
    assert rows(bedrock, "input_tokens", "output_tokens", "stream")[0] == (12, 5, True)
    assert len(bedrock.calls) == 2


def test_a_retry_of_botocore_is_a_record_of_its_own(server: Any, bedrock: Any, make: Any) -> None:
    server.will(make.json({"message": "slow down"}, 503), make.json(CONVERSE))
    boto(server).converse(modelId="m", messages=MESSAGES)
    assert rows(bedrock, "attempt", "http_status", "usage_status") == [
        (1, 503, "missing"),
        (2, 200, "complete"),
    ]


async def test_aiobotocore_is_one_record_each(server: Any, bedrock: Any, make: Any) -> None:
    server.will(make.json(CONVERSE), frames(make, *converse_events()))
    session = aiobotocore.session.get_session()
    async with session.create_client(**BEDROCK, endpoint_url=server.url) as client:
        await client.converse(modelId="m", messages=MESSAGES)
        answer = await client.converse_stream(modelId="m", messages=MESSAGES)
        assert len([event async for event in answer["stream"]]) == 4
    assert rows(bedrock, "input_tokens", "output_tokens", "usage_status") == [(12, 5, "complete")] * 2


def test_everything_is_put_back() -> None:
    from botocore.httpsession import URLLib3Session

    places = [(aiohttp.ClientSession, "_request"), (requests.Session, "send"), (URLLib3Session, "send")]
    originals = [getattr(cls, name) for cls, name in places]
    spanledger.instrument()
    assert all(getattr(*place) is not original for place, original in zip(places, originals, strict=True))
    spanledger.uninstrument()
    assert [getattr(*place) for place in places] == originals
