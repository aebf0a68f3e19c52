"""Asking streams for their usage: the caller sees what it would have seen, and the ledger sees the usage."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from tests.instrumentation.answers import COMPRESSIONS

from spanledger import testing
from spanledger.hooks.asking import takes_asking, with_usage
from spanledger.hooks.hiding import Lines
from spanledger.providers.routes import route

USAGE = {"prompt_tokens": 31, "completion_tokens": 17, "total_tokens": 48}
REQUEST: dict[str, Any] = {
    "model": "gpt-test",
    "stream": True,
    "temperature": 1.50,
    "messages": [{"role": "user", "content": 'PROMPT-CANARY "stream_options"'}],
}
ASKING = {**REQUEST, "stream_options": {"include_usage": True}}


def frames(asked: bool, ending: bytes = b"\n") -> list[bytes]:
    """What OpenAI streams, without and with `include_usage`."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-test"}
    words: list[Any] = [
        {**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": reason}]}
        for word, reason in (("a", None), ('x,"usage":null}\n\ndata: ', None), ("", "stop"))
    ]
    if asked:
        words = [{**word, "usage": None} for word in words]
        words.append({**head, "choices": [], "usage": USAGE, "obfuscation": "Yq"})
    lines = [json.dumps(word, separators=(",", ":")).encode() for word in words]
    return [b"data: " + line + ending + ending for line in (*lines, b"[DONE]")]


def stream(make: Any, encoding: str = "identity", size: int = 50, **more: Any) -> Any:
    body = COMPRESSIONS[encoding](b"".join(frames(asked=True)))
    return make.answer(
        pieces=[body[at : at + size] for at in range(0, len(body), size)],
        content_type="text/event-stream; charset=utf-8",
        headers={"Content-Encoding": encoding},
        **more,
    )


UNASKED = b"".join(frames(asked=False))


@pytest.fixture
def captured(hosts: str) -> Any:
    with testing.capture(provider_hosts=hosts, include_usage=True) as calls:
        yield calls


@pytest.fixture
def url(server: Any) -> str:
    return f"{server.url}/openai/v1/chat/completions"


def asked_and_known(server: Any, captured: Any) -> None:
    (request,), (call,) = server.requests, captured.calls
    assert json.loads(request[2]) == ASKING
    assert request[1]["Content-Length"] == str(len(request[2]))
    assert (call["usage_status"], call["input_tokens"], call["output_tokens"]) == ("complete", 31, 17)


encodings = pytest.mark.parametrize("encoding", COMPRESSIONS)
libraries = pytest.mark.parametrize("lib", [httpx, httpx2], ids=["httpx", "httpx2"])


@libraries
@encodings
@pytest.mark.parametrize("read", ["whole", "bytes", "raw"])
def test_httpx(lib: Any, server: Any, captured: Any, url: str, make: Any, encoding: str, read: str) -> None:
    server.will(stream(make, encoding))
    if read == "whole":
        response = lib.post(url, json=REQUEST)
        body = response.content
    else:
        with lib.stream("POST", url, json=REQUEST) as response:
            body = b"".join(response.iter_bytes() if read == "bytes" else response.iter_raw())
    if read == "raw" and encoding != "identity":
        assert len(body) > 10
    else:
        assert body == UNASKED
    assert json.loads(response.request.content) == REQUEST
    assert response.request.headers["content-length"] == str(len(response.request.content))
    asked_and_known(server, captured)


@libraries
@encodings
async def test_async_httpx(lib: Any, server: Any, captured: Any, url: str, make: Any, encoding: str) -> None:
    server.will(stream(make, encoding, size=3))
    async with lib.AsyncClient() as client, client.stream("POST", url, json=REQUEST) as response:
        assert b"".join([piece async for piece in response.aiter_bytes()]) == UNASKED
    asked_and_known(server, captured)


@pytest.mark.parametrize("options", [{"json": REQUEST}, {"data": json.dumps(REQUEST)}], ids=["json", "data"])
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("pause", [0, 0.002])
async def test_aiohttp(
    server: Any, captured: Any, url: str, make: Any, options: Any, encoding: str, pause: float
) -> None:
    server.will(stream(make, encoding, pause=pause))
    given = json.dumps(options)
    async with aiohttp.ClientSession() as session, session.post(url, **options) as response:
        assert b"".join([piece async for piece, _ in response.content.iter_chunks()]) == UNASKED
    asked_and_known(server, captured)
    assert json.dumps(options) == given


async def test_aiohttp_that_does_not_decompress(server: Any, captured: Any, url: str, make: Any) -> None:
    server.will(stream(make, "gzip"))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        response = await session.post(url, json=REQUEST)
        assert gzip.decompress(await response.read()) == UNASKED
    asked_and_known(server, captured)


READERS: dict[str, Callable[[requests.Response], bytes]] = {
    "content": lambda answer: answer.content,
    "iter_content": lambda answer: b"".join(answer.iter_content(9)),
    "lines": lambda answer: b"".join(line + b"\n" for line in answer.iter_lines()),
    "raw_read": lambda answer: b"".join(iter(lambda: answer.raw.read(5, decode_content=True), b"")),
    "raw_all": lambda answer: answer.raw.read(3, decode_content=True) + answer.raw.read(decode_content=True),
    "raw": lambda answer: b"".join(answer.raw),
}


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize(
    ("how", "streamed"), [*((how, True) for how in READERS), ("content", False), ("lines", False)]
)
def test_requests(
    server: Any, captured: Any, url: str, make: Any, encoding: str, how: str, streamed: bool
) -> None:
    server.will(stream(make, encoding))
    with requests.post(url, json=REQUEST, stream=streamed, timeout=5) as response:
        assert READERS[how](response) == UNASKED
        assert json.loads(response.request.body or b"") == REQUEST
    asked_and_known(server, captured)


@pytest.mark.parametrize("asking", [True, False])
def test_a_read_that_gives_nothing_yet_is_not_the_end(
    server: Any, hosts: str, url: str, make: Any, monkeypatch: pytest.MonkeyPatch, asking: bool
) -> None:
    # As urllib3 1.26 does where a few compressed bytes hold no plain one.
    read, nothing_yet = urllib3.HTTPResponse.read, [b""]

    def sometimes(self: Any, amt: int | None = None, *args: Any, **options: Any) -> bytes:
        return nothing_yet.pop() if amt and nothing_yet else read(self, amt, *args, **options)

    monkeypatch.setattr(urllib3.HTTPResponse, "read", sometimes)
    server.will(stream(make))
    with testing.capture(provider_hosts=hosts, include_usage=asking) as captured:
        answer = requests.post(url, json=REQUEST, stream=True, timeout=5)
        assert answer.raw.read(5) == b""
        assert captured.calls == []
        assert answer.raw.read() == b"".join(frames(asked=not asking))
        assert [call["usage_status"] for call in captured.calls] == ["complete"]


@pytest.mark.parametrize("streamed", [True, False])
def test_a_length_that_is_no_longer_true_is_not_told(
    server: Any, captured: Any, url: str, make: Any, streamed: bool
) -> None:
    server.will(make.answer(b"".join(frames(asked=True)), content_type="text/event-stream"))
    with httpx.Client() as client:
        response = client.send(client.build_request("POST", url, json=REQUEST), stream=streamed)
        assert (response.read(), "content-length" in response.headers) == (UNASKED, False)
    other = requests.post(url, json=REQUEST, stream=streamed, timeout=5)
    assert (other.content, "content-length" in other.headers) == (UNASKED, False)
    server.will(make.json({"error": {}}, 400))
    assert httpx.post(url, json=REQUEST).headers["content-length"] == "13"
    assert len(captured.calls) == 3


def test_text_stays_text_and_a_request_may_be_sent_again(
    server: Any, captured: Any, url: str, make: Any
) -> None:
    server.will(stream(make))
    prepared = requests.Request("POST", url, data=json.dumps(REQUEST)).prepare()
    other = httpx.Request("POST", url, json=REQUEST)
    with requests.Session() as session, httpx.Client() as client:
        for _ in range(2):
            assert session.send(prepared, timeout=5).content == UNASKED
            assert prepared.body == json.dumps(REQUEST)
            assert client.send(other).content == UNASKED
    assert [json.loads(request[2]) for request in server.requests] == [ASKING] * 4
    assert [call["usage_status"] for call in captured.calls] == ["complete"] * 4


async def test_the_openai_sdk_sees_no_usage_chunk(server: Any, captured: Any, make: Any) -> None:
    server.will(stream(make))
    options: Any = {"base_url": f"{server.url}/openai/v1", "api_key": "k", "max_retries": 0}
    asked: Any = {"model": "gpt-test", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    client = openai.OpenAI(**options)
    chunks = list(client.chat.completions.create(**asked))
    assert [len(chunk.choices) for chunk in chunks] == [1, 1, 1]
    assert [chunk.usage for chunk in chunks] == [None] * 3
    raw = client.chat.completions.with_raw_response.create(**asked)
    assert b"".join(raw.http_response.iter_bytes()) == UNASKED
    client.close()
    async with openai.AsyncOpenAI(**options) as other:
        assert len([chunk async for chunk in await other.chat.completions.create(**asked)]) == 3
    with openai.OpenAI(**options) as asking:
        chunks = list(asking.chat.completions.create(**asked, stream_options={"include_usage": True}))
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert [call["input_tokens"] for call in captured.calls] == [31] * 4


@pytest.mark.parametrize(
    "change",
    [
        {"stream": False},
        {"stream_options": {"include_usage": True}},
        {"stream_options": "?"},
    ],
)
def test_what_needs_no_asking_or_has_no_place_for_it_is_left_alone(
    server: Any, captured: Any, url: str, make: Any, change: dict[str, Any]
) -> None:
    server.will(stream(make))
    assert httpx.post(url, json={**REQUEST, **change}).content == b"".join(frames(asked=True))
    assert json.loads(server.requests[0][2]) == {**REQUEST, **change}
    assert captured.calls[0]["usage_status"] == "complete"


@pytest.mark.parametrize("header", ["Content-Digest", "X-Amz-Content-Sha256", "Content-MD5"])
async def test_a_body_that_is_vouched_for_is_left_alone(
    server: Any, captured: Any, url: str, make: Any, header: str
) -> None:
    server.will(stream(make))
    httpx.post(url, json=REQUEST, headers={header: "x"})
    requests.post(url, json=REQUEST, headers={header: "x"}, timeout=5)
    async with aiohttp.ClientSession() as session:
        await (await session.post(url, json=REQUEST, headers={header: "x"})).read()
    assert [json.loads(request[2]) for request in server.requests] == [REQUEST] * 3
    assert len(captured.calls) == 3


def test_a_streamed_upload_is_left_alone(server: Any, captured: Any, url: str, make: Any) -> None:
    server.will(stream(make))
    body = json.dumps(REQUEST).encode()
    httpx.post(url, content=iter([body]), headers={"Content-Length": str(len(body))})
    requests.post(url, data=iter([body]), headers={"Content-Length": str(len(body))}, timeout=5)
    assert server.requests[0][2] == body
    assert len(captured.calls) == 2


@pytest.mark.parametrize(
    ("host", "query", "rules", "asked"),
    [
        ("api.openai.com", "", "", True),
        ("my.openai.azure.com", "api-version=2024-06-01", "", False),
        ("my.openai.azure.com", "api-version=2024-09-01-preview", "", True),
        ("my.openai.azure.com", "api-version=preview", "", True),
        ("my.openai.azure.com", "", "", True),
        ("api.mistral.ai", "", "", False),
        ("api.groq.com", "", "", False),
        ("openrouter.ai", "", "", False),
        ("gateway.example", "", "gateway.example=vllm", True),
        ("gateway.example", "", "gateway.example=mistral_ai", False),
        ("gateway.example", "", "", False),
    ],
)
def test_only_providers_that_need_and_know_the_question_are_asked(
    host: str, query: str, rules: str, asked: bool
) -> None:
    from spanledger.settings import resolve

    found = route(host, 443, "/v1/chat/completions", resolve({"provider_hosts": rules}, {}).provider_hosts)
    if found is None or not rules:
        from spanledger.providers.routes import suggested

        found = found or suggested("/v1/chat/completions")
    assert found is not None
    assert takes_asking(found, query) is asked
    other = route(host, 443, "/v1/responses", ())
    assert other is None or not takes_asking(other, query)


def test_a_provider_that_refuses_is_asked_once(
    server: Any, captured: Any, url: str, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = make.json({"error": {"message": "Unrecognized request argument supplied: stream_options"}}, 400)
    server.will(refusal, stream(make))
    for _ in range(3):
        httpx.post(url, json=REQUEST)
    assert [json.loads(request[2]) for request in server.requests] == [ASKING, REQUEST, REQUEST]
    assert sum("include_usage" in record.message for record in caplog.records) == 1
    assert [call["http_status"] for call in captured.calls] == [400, 200, 200]


async def test_a_stream_that_breaks_off_breaks_off_where_it_would_have(
    server: Any, captured: Any, url: str, make: Any
) -> None:
    whole = b"".join(frames(asked=True))
    expected = whole[:200].replace(b',"usage":null', b"")
    cut = [whole[:70], whole[70:200]]
    server.will(make.answer(pieces=cut, content_type="text/event-stream", break_off=True))
    seen: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("POST", url, json=REQUEST) as response:
        seen.extend(response.iter_bytes())
    assert b"".join(seen) == expected

    async def read() -> None:
        async with httpx.AsyncClient() as client, client.stream("POST", url, json=REQUEST) as response:
            async for piece in response.aiter_bytes():
                seen.append(piece)  # noqa: PERF401  # what came before the error counts

    seen.clear()
    with pytest.raises(httpx.RemoteProtocolError):
        await read()
    assert b"".join(seen) == expected
    other = requests.post(url, json=REQUEST, stream=True, timeout=5)
    seen.clear()
    with other, pytest.raises(requests.exceptions.ChunkedEncodingError):
        seen.extend(other.iter_content(50))
    assert b"".join(seen) == expected
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, json=REQUEST)
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert [call["usage_status"] for call in captured.calls] == ["missing"] * 4
    assert all("error_type" in call for call in captured.calls)


async def test_a_stream_left_early_ends_its_call(server: Any, captured: Any, url: str, make: Any) -> None:
    server.will(stream(make, pause=0.005))
    with httpx.stream("POST", url, json=REQUEST) as response:
        next(response.iter_bytes())
    with requests.post(url, json=REQUEST, stream=True, timeout=5) as other:
        next(other.iter_content(5))
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, json=REQUEST)
        await answer.content.readany()
        answer.close()
        await asyncio.sleep(0)
    assert [call["usage_status"] for call in captured.calls] == ["missing"] * 3


@pytest.mark.parametrize("body", [b"not json", bytes(range(256)), b"a" * 40_000])
def test_an_answer_that_is_not_what_it_says_passes(
    server: Any, captured: Any, url: str, make: Any, body: bytes
) -> None:
    for encoding in ("identity", "gzip"):
        server.will(
            make.answer(body, content_type="text/event-stream", headers={"Content-Encoding": encoding})
        )
        with httpx.stream("POST", url, json=REQUEST) as response:
            assert b"".join(response.iter_raw()) == body
    assert len(captured.calls) == 2


def test_without_the_setting_nothing_is_asked(server: Any, hosts: str, url: str, make: Any) -> None:
    server.will(stream(make))
    with testing.capture(provider_hosts=hosts):
        assert httpx.post(url, json=REQUEST).content == b"".join(frames(asked=True))
    assert json.loads(server.requests[0][2]) == REQUEST


@given(
    ending=st.sampled_from([b"\n", b"\r\n"]),
    done=st.booleans(),
    sizes=st.lists(st.integers(1, 400), min_size=1),
)
def test_hiding_does_not_depend_on_how_the_bytes_arrive(ending: bytes, done: bool, sizes: list[int]) -> None:
    last = None if done else -1
    body = b"".join(frames(asked=True, ending=ending)[:last])
    lines, shown, position = Lines(), b"", 0
    while position < len(body):
        size = sizes[position % len(sizes)]
        shown += lines.feed(body[position : position + size])
        position += size
    assert shown + lines.end() == b"".join(frames(asked=False, ending=ending)[:last])


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.just(b"data: "), st.just(b"\n"), st.just(b"a" * 17_000)))
)
def test_bytes_without_usage_pass_as_they_are(pieces: list[bytes]) -> None:
    lines = Lines()
    assert b"".join([*map(lines.feed, pieces), lines.end()]) == b"".join(pieces)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("stream_options"), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text() | st.sampled_from(["stream_options", "messages"]), json_values),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_asking_changes_nothing_else(asked: dict[str, Any], indent: int | None, plain: bool) -> None:
    options = asked.get("stream_options")
    changed = with_usage(json.dumps(asked, indent=indent, ensure_ascii=plain).encode("utf-8", "replace"))
    if options is not None and not isinstance(options, dict):
        assert changed is None
    elif plain:
        assert changed is not None
        assert json.loads(changed) == {**asked, "stream_options": {**(options or {}), "include_usage": True}}
