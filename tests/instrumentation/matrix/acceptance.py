"""What must hold with every supported release of a client library; runs by itself in an environment of the matrix.

Each client that is installed makes its calls, sync and async, streamed and not, to a server on loopback that speaks
like its provider. Exactly one record must come of each, with the tokens that were answered. The program prints one
line a client and exits 1 when something does not hold. It needs nothing but the libraries it tries.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provider import INPUT, OUTPUT, Handler

import spanledger
from spanledger import doctor, testing

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
STREAMED = {**ASKED, "stream": True, "stream_options": {"include_usage": True}}
MESSAGES: Any = ASKED["messages"]


def over_httpx(library: Any, url: str) -> int:
    """Four calls over httpx or httpx2."""
    with library.Client() as client:
        client.post(f"{url}/v1/chat/completions", json=ASKED).raise_for_status()
        with client.stream("POST", f"{url}/v1/chat/completions", json=STREAMED) as response:
            assert b"[DONE]" in b"".join(response.iter_bytes())

    async def calls() -> None:
        async with library.AsyncClient() as client:
            (await client.post(f"{url}/v1/chat/completions", json=ASKED)).raise_for_status()
            async with client.stream("POST", f"{url}/v1/chat/completions", json=STREAMED) as response:
                assert b"[DONE]" in b"".join([piece async for piece in response.aiter_bytes()])

    asyncio.run(calls())
    return 4


def httpx_1(url: str) -> int:
    """httpx."""
    import httpx

    return over_httpx(httpx, url)


def httpx_2(url: str) -> int:
    """httpx2."""
    import httpx2

    return over_httpx(httpx2, url)


def over_aiohttp(url: str) -> int:
    """aiohttp."""
    import aiohttp

    async def calls() -> None:
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{url}/v1/chat/completions", json=ASKED) as response:
                assert (await response.json())["usage"]
            async with session.post(f"{url}/v1/chat/completions", json=STREAMED) as response:
                assert b"[DONE]" in b"".join([piece async for piece in response.content.iter_any()])

    asyncio.run(calls())
    return 2


def over_requests(url: str) -> int:
    """requests."""
    import requests

    assert requests.post(f"{url}/v1/chat/completions", json=ASKED, timeout=9).json()["usage"]
    with requests.post(f"{url}/v1/chat/completions", json=STREAMED, timeout=9, stream=True) as response:
        assert b"[DONE]" in b"".join(response.iter_content(None))
    return 2


def over_botocore(url: str) -> int:
    """Bedrock's four calls over botocore."""
    import botocore.session

    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="k",
        endpoint_url=url,
    )
    messages = [{"role": "user", "content": [{"text": "hi"}]}]
    assert client.converse(modelId="m", messages=messages)["usage"]["inputTokens"] == INPUT
    events = list(client.converse_stream(modelId="m", messages=messages)["stream"])
    assert "metadata" in events[-1]
    body = json.dumps({"max_tokens": 1})
    assert json.loads(client.invoke_model(modelId="m", body=body)["body"].read())["usage"]
    assert len(list(client.invoke_model_with_response_stream(modelId="m", body=body)["body"])) == 3
    return 4


def by_openai(url: str) -> int:
    """OpenAI's SDK."""
    import openai

    options: Any = {"base_url": f"{url}/v1", "api_key": "k", "max_retries": 0}
    usage: Any = {"include_usage": True}
    with openai.OpenAI(**options) as client:
        assert client.chat.completions.create(model="m", messages=MESSAGES).usage
        stream = client.chat.completions.create(
            model="m", messages=MESSAGES, stream=True, stream_options=usage
        )
        assert len(list(stream)) == 2

    async def calls() -> None:
        async with openai.AsyncOpenAI(**options) as client:
            assert (await client.chat.completions.create(model="m", messages=MESSAGES)).usage
            stream = await client.chat.completions.create(
                model="m", messages=MESSAGES, stream=True, stream_options=usage
            )
            assert len([chunk async for chunk in stream]) == 2

    asyncio.run(calls())
    return 4


def by_anthropic(url: str) -> int:
    """Anthropic's SDK."""
    import anthropic

    options: Any = {"base_url": url, "api_key": "k", "max_retries": 0}
    asked: Any = {"model": "m", "max_tokens": 9, "messages": MESSAGES}
    with anthropic.Anthropic(**options) as client:
        assert client.messages.create(**asked).usage.output_tokens == OUTPUT
        with client.messages.stream(**asked) as stream:
            assert stream.get_final_message().usage.output_tokens == OUTPUT

    async def calls() -> None:
        async with anthropic.AsyncAnthropic(**options) as client:
            assert (await client.messages.create(**asked)).usage.output_tokens == OUTPUT
            async with client.messages.stream(**asked) as stream:
                assert (await stream.get_final_message()).usage.output_tokens == OUTPUT

    asyncio.run(calls())
    return 4


def by_google(url: str) -> int:
    """Google's SDK."""
    from google import genai

    client = genai.Client(api_key="k", http_options={"base_url": url})  # type: ignore[arg-type]
    asked: Any = {"model": "m", "contents": "hi"}
    assert client.models.generate_content(**asked).usage_metadata
    assert list(client.models.generate_content_stream(**asked))

    async def calls() -> None:
        assert (await client.aio.models.generate_content(**asked)).usage_metadata
        stream: Any = client.aio.models.generate_content_stream(**asked)
        # Early releases return the iterator, later ones a coroutine of it.
        stream = await stream if isinstance(stream, Awaitable) else stream
        assert [chunk async for chunk in stream]

    asyncio.run(calls())
    return 4


# Per distribution: its module, the calls, and the provider that the loopback address stands for.
CLIENTS: dict[str, tuple[str, Callable[[str], int], str]] = {
    "httpx": ("httpx", httpx_1, "openai"),
    "httpx2": ("httpx2", httpx_2, "openai"),
    "aiohttp": ("aiohttp", over_aiohttp, "openai"),
    "requests": ("requests", over_requests, "openai"),
    "botocore": ("botocore", over_botocore, "aws.bedrock"),
    "openai": ("openai", by_openai, "openai"),
    "anthropic": ("anthropic", by_anthropic, "anthropic"),
    "google-genai": ("google.genai", by_google, "gcp.gemini"),
}


def is_there(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def differences(work: Callable[[str], int], url: str, hosts: str) -> str | None:
    """What is wrong with the records of a client's calls; None when nothing is."""
    with testing.capture(provider_hosts=hosts, tenant="acme") as captured:
        try:
            expected = work(url)
        except Exception as error:  # whatever it is, it belongs into the report
            return f"{type(error).__name__}: {str(error)[:300]}"
        found = [
            (call["tenant"], call["usage_status"], call.get("input_tokens"), call.get("output_tokens"))
            for call in captured.calls
        ]
    wanted = [("acme", "complete", INPUT, OUTPUT)] * expected
    return None if found == wanted else f"expected {wanted}, recorded {found}"


def mirrored(url: str, home: Path) -> str | None:
    """The spool and the application's own traces both get each call once."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    spanledger.instrument(home=home, tenant="acme", provider_hosts=f"{url.removeprefix('http://')}=openai")
    calls = httpx_1(url) if is_there("httpx") else httpx_2(url)
    spanledger.uninstrument()
    records = [
        json.loads(line)
        for path in (home / "spool").glob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    spans = [record for record in records if record["kind"] == "span"]
    spans_shown = len(memory.get_finished_spans())
    return (
        None
        if len(spans) == spans_shown == calls
        else f"{calls} calls, {len(spans)} records, {spans_shown} spans"
    )


def main(home: str) -> int:
    """Try everything; the exit code says whether all of it holds."""
    os.environ.pop("SPANLEDGER_TENANT", None)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    address = f"127.0.0.1:{http.server_address[1]}"
    url = f"http://{address}"
    failed = 0

    def report(name: str, version: str, problem: str | None) -> None:
        nonlocal failed
        failed += problem is not None
        print(f"{name:22} {version:12} {problem or 'ok'}")

    for name, (module, work, provider) in CLIENTS.items():
        if is_there(module):
            problem = differences(work, url, f"{address}={provider}")
            report(name, importlib.metadata.version(name), problem)
    report("opentelemetry-sdk", importlib.metadata.version("opentelemetry-sdk"), mirrored(url, Path(home)))
    problems = [finding.text for finding in doctor.examine() if finding.level == doctor.PROBLEM]
    report("doctor", spanledger.__version__, "; ".join(problems) or None)
    http.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
