"""How each client makes its calls, sync and async, streamed and not; each function says how many it made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from provider import ASKED, INPUT, MESSAGES, OUTPUT, STREAMED


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


def by_mistral(url: str) -> int:
    """Mistral's SDK."""
    from mistralai.client import Mistral

    asked: Any = {"model": "m", "messages": MESSAGES}
    with Mistral(api_key="k", server_url=url) as client:
        assert client.chat.complete(**asked).usage.completion_tokens == OUTPUT
        with client.chat.stream(**asked) as stream:
            assert len(list(stream)) == 2

    async def calls() -> None:
        async with Mistral(api_key="k", server_url=url) as client:
            assert (await client.chat.complete_async(**asked)).usage.completion_tokens == OUTPUT
            async with await client.chat.stream_async(**asked) as stream:
                assert len([event async for event in stream]) == 2

    asyncio.run(calls())
    return 4


def by_groq(url: str) -> int:
    """Groq's SDK."""
    import groq

    options: Any = {"base_url": url, "api_key": "k", "max_retries": 0}
    asked: Any = {"model": "m", "messages": MESSAGES}
    with groq.Groq(**options) as client:
        assert client.chat.completions.create(**asked).usage.completion_tokens == OUTPUT
        assert len(list(client.chat.completions.create(**asked, stream=True))) == 2

    async def calls() -> None:
        async with groq.AsyncGroq(**options) as client:
            assert (await client.chat.completions.create(**asked)).usage
            stream = await client.chat.completions.create(**asked, stream=True)
            assert len([chunk async for chunk in stream]) == 2

    asyncio.run(calls())
    return 4


def by_cohere(url: str) -> int:
    """Cohere's SDK."""
    import cohere

    asked: Any = {"model": "m", "messages": MESSAGES}
    with cohere.ClientV2(base_url=url, api_key="k") as client:
        assert client.chat(**asked).usage.billed_units.output_tokens == OUTPUT
        assert len(list(client.chat_stream(**asked))) == 2

    async def calls() -> None:
        async with cohere.AsyncClientV2(base_url=url, api_key="k") as client:
            assert (await client.chat(**asked)).usage.billed_units.output_tokens == OUTPUT
            assert len([event async for event in client.chat_stream(**asked)]) == 2

    asyncio.run(calls())
    return 4


def by_openrouter(url: str) -> int:
    """OpenRouter's SDK."""
    from openrouter import OpenRouter

    asked: Any = {"model": "m", "messages": MESSAGES}
    with OpenRouter(api_key="k", server_url=url) as client:
        assert client.chat.send(**asked).usage.completion_tokens == OUTPUT
        assert len(list(client.chat.send(**asked, stream=True))) == 2

    async def calls() -> None:
        async with OpenRouter(api_key="k", server_url=url) as client:
            assert (await client.chat.send_async(**asked)).usage.completion_tokens == OUTPUT
            stream = await client.chat.send_async(**asked, stream=True)
            assert len([chunk async for chunk in stream]) == 2

    asyncio.run(calls())
    return 4


def by_ollama(url: str) -> int:
    """Ollama's SDK."""
    import ollama

    asked: Any = {"model": "m", "messages": MESSAGES}
    client = ollama.Client(url)
    assert client.chat(**asked).eval_count == OUTPUT
    assert len(list(client.chat(**asked, stream=True))) == 2

    async def calls() -> None:
        client = ollama.AsyncClient(url)
        assert (await client.chat(**asked)).eval_count == OUTPUT
        stream = await client.chat(**asked, stream=True)
        assert len([part async for part in stream]) == 2

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
    "mistralai": ("mistralai.client", by_mistral, "mistral_ai"),
    "groq": ("groq", by_groq, "groq"),
    "cohere": ("cohere", by_cohere, "cohere"),
    "openrouter": ("openrouter", by_openrouter, "openrouter"),
    "ollama": ("ollama", by_ollama, "ollama"),
}
