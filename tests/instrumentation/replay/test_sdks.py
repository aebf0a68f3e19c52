"""Every recorded exchange that a provider's own SDK can ask for, through that SDK: sync and async, streamed and not.

What the SDK is asked for is as short as it can be; the answer is the recorded one. An SDK may refuse an answer only
when the provider did.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import anthropic
import cohere
import groq
import ollama
import openai
import openrouter
import pytest
from google import genai
from mistralai.client import Mistral
from tests.instrumentation.replay.provider import Provider
from tests.instrumentation.replay.recordings import Exchange, differences, needed, of

from spanledger import testing

pytestmark = needed

MESSAGES: Any = [{"role": "user", "content": "hi"}]
Ask = Callable[..., Any]


def streamed(exchange: Exchange) -> bool:
    return bool(exchange["response"]["streamed"])


def model(exchange: Exchange) -> str:
    return str(exchange["expected"]["request_model"] or "m")


def as_openai(client: Any, exchange: Exchange) -> Any:
    """For the SDKs of OpenAI and Groq."""
    asked = {"model": model(exchange)}
    stream = {"stream": True} if streamed(exchange) else {}
    match exchange["api"]:
        case "chat":
            return client.chat.completions.create(messages=MESSAGES, **asked, **stream)
        case "responses":
            return client.responses.create(input="hi", **asked, **stream)
        case "completions":
            return client.completions.create(prompt="hi", **asked, **stream)
        case "embeddings":
            return client.embeddings.create(input="hi", encoding_format="float", **asked)
        case _:
            return client.images.generate(prompt="hi", **asked)


def as_anthropic(client: Any, exchange: Exchange) -> Any:
    return client.messages.create(
        model=model(exchange), max_tokens=9, messages=MESSAGES, stream=streamed(exchange)
    )


def as_google(client: Any, exchange: Exchange) -> Any:
    if exchange["api"] == "g_embed":
        return client.embed_content(model=model(exchange), contents=["hi"])
    ask = client.generate_content_stream if streamed(exchange) else client.generate_content
    return ask(model=model(exchange), contents="hi")


def as_mistral(client: Mistral, exchange: Exchange, suffix: str = "") -> Any:
    if exchange["api"] == "embeddings":
        return getattr(client.embeddings, f"create{suffix}")(model=model(exchange), inputs=["hi"])
    name = "stream" if streamed(exchange) else "complete"
    return getattr(client.chat, name + suffix)(model=model(exchange), messages=MESSAGES)


def as_openrouter(client: Any, exchange: Exchange, suffix: str = "") -> Any:
    ask = getattr(client.chat, f"send{suffix}")
    return ask(model=model(exchange), messages=MESSAGES, stream=streamed(exchange))


def as_cohere(clients: dict[str, Any], exchange: Exchange) -> Any:
    version = "v2" if "/v2/" in exchange["request"]["url"] else "v1"
    client, asked = clients[version], {"model": model(exchange)}
    match exchange["api"]:
        case "embeddings":
            return client.embed(texts=["hi"], input_type="search_query", embedding_types=["float"], **asked)
        case "rerank":
            return client.rerank(query="hi", documents=["a", "b"], **asked)
        case "generate":
            return client.generate(prompt="hi", **asked)
    ask = client.chat_stream if streamed(exchange) else client.chat
    return ask(messages=MESSAGES, **asked) if version == "v2" else ask(message="hi", **asked)


def as_ollama(client: Any, exchange: Exchange) -> Any:
    url, asked = exchange["request"]["url"], {"model": model(exchange)}
    if url.endswith("/api/embeddings"):
        return client.embeddings(prompt="hi", **asked)
    if url.endswith("/api/generate"):
        return client.generate(prompt="hi", stream=streamed(exchange), **asked)
    return client.chat(messages=MESSAGES, stream=streamed(exchange), **asked)


def consume(answer: Any) -> None:
    """Read a stream to its end; everything else is there already."""
    if isinstance(answer, Iterator) or type(answer).__name__ in {"Stream", "EventStream"}:
        for _ in answer:
            pass


async def consume_async(answer: Any) -> None:
    answer = await answer if isinstance(answer, Awaitable) else answer
    if isinstance(answer, AsyncIterator) or type(answer).__name__ in {"AsyncStream", "EventStreamAsync"}:
        async for _ in answer:
            pass


def played(provider: Provider, recorded: Iterable[Exchange]) -> Iterator[Exchange]:
    for exchange in recorded:
        provider.play(exchange)
        yield exchange
        assert provider.asked == 1, exchange["id"]


def may_raise(exchange: Exchange, error: Exception) -> bool:
    """OpenRouter's SDK finds answers of earlier years invalid; they cost all the same."""
    is_refused = exchange["response"]["status"] >= 400
    return is_refused or isinstance(error, openrouter.errors.ResponseValidationError)


def run(provider: Provider, recorded: list[Exchange], open_client: Any, ask: Ask) -> None:
    with open_client(provider.url) as client:
        for exchange in played(provider, recorded):
            try:
                consume(ask(client, exchange))
            except Exception as error:
                if not may_raise(exchange, error):
                    raise


async def run_async(provider: Provider, recorded: list[Exchange], open_client: Any, ask: Ask) -> None:
    async with open_client(provider.url) as client:
        for exchange in played(provider, recorded):
            try:
                await consume_async(ask(client, exchange))
            except Exception as error:
                if not may_raise(exchange, error):
                    raise


def stainless(client: Any, path: str = "") -> Any:
    """Opens a client of the family that OpenAI's, Anthropic's and Groq's SDKs belong to."""
    return lambda url: client(base_url=url + path, api_key="k", max_retries=0)


def azure(client: Any) -> Any:
    version = "2024-10-21"
    return lambda url: client(azure_endpoint=url, api_key="k", api_version=version, max_retries=0)


@contextmanager
def open_google(url: str) -> Iterator[Any]:
    with genai.Client(api_key="k", http_options={"base_url": url}) as client:  # type: ignore[arg-type]
        yield client.models


@asynccontextmanager
async def open_google_async(url: str) -> AsyncIterator[Any]:
    async with genai.Client(api_key="k", http_options={"base_url": url}).aio as client:  # type: ignore[arg-type]
        yield client.models


@contextmanager
def open_cohere(url: str) -> Iterator[Any]:
    options: Any = {"base_url": url, "api_key": "k"}
    with cohere.Client(**options) as one, cohere.ClientV2(**options) as two:
        yield {"v1": one, "v2": two}


@asynccontextmanager
async def open_cohere_async(url: str) -> AsyncIterator[Any]:
    options: Any = {"base_url": url, "api_key": "k"}
    async with cohere.AsyncClient(**options) as one, cohere.AsyncClientV2(**options) as two:
        yield {"v1": one, "v2": two}


def open_mistral(url: str) -> Any:
    return Mistral(api_key="k", server_url=url)


def open_openrouter(url: str) -> Any:
    return openrouter.OpenRouter(api_key="k", server_url=url)


def sse_or_whole(recorded: list[Exchange]) -> list[Exchange]:
    """Google's SDK asks for server-sent events, so it never gets a stream as a JSON array."""
    is_sse = [(one["response"]["content_type"] or "").startswith("text/event-stream") for one in recorded]
    return [one for one, sse in zip(recorded, is_sse, strict=True) if sse or not streamed(one)]


# Per SDK: the provider that the server stands for, how its sync and its async client are opened, how they are asked.
SDKS: dict[str, tuple[str, Any, Ask, Any, Ask]] = {
    "openai": (
        "openai",
        stainless(openai.OpenAI, "/v1"),
        as_openai,
        stainless(openai.AsyncOpenAI, "/v1"),
        as_openai,
    ),
    "azure": (
        "azure.ai.openai",
        azure(openai.AzureOpenAI),
        as_openai,
        azure(openai.AsyncAzureOpenAI),
        as_openai,
    ),
    "anthropic": (
        "anthropic",
        stainless(anthropic.Anthropic),
        as_anthropic,
        stainless(anthropic.AsyncAnthropic),
        as_anthropic,
    ),
    "gemini": ("gcp.gemini", open_google, as_google, open_google_async, as_google),
    "mistral": ("mistral_ai", open_mistral, as_mistral, open_mistral, partial(as_mistral, suffix="_async")),
    "groq": ("groq", stainless(groq.Groq), as_openai, stainless(groq.AsyncGroq), as_openai),
    "cohere": ("cohere", open_cohere, as_cohere, open_cohere_async, as_cohere),
    "openrouter": (
        "openrouter",
        open_openrouter,
        as_openrouter,
        open_openrouter,
        partial(as_openrouter, suffix="_async"),
    ),
    "ollama": ("ollama", ollama.Client, as_ollama, ollama.AsyncClient, as_ollama),
}


def recorded_of(name: str) -> list[Exchange]:
    """What the SDK can ask for."""
    if name == "azure":
        return of(name, "chat", "embeddings")
    return sse_or_whole(of(name)) if name == "gemini" else of(name)


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("name", SDKS)
# Retired models, and clients that leave it to the collector to close their connections.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_an_sdk_was_answered_is_what_is_recorded(provider: Provider, name: str, way: str) -> None:
    recorded, (stands_for, opened, ask, opened_async, ask_async) = recorded_of(name), SDKS[name]
    with testing.capture(provider_hosts=f"{provider.address}={stands_for}") as captured:
        if way == "sync":
            run(provider, recorded, opened, ask)
        else:
            asyncio.run(run_async(provider, recorded, opened_async, ask_async))
    assert differences(recorded, captured.calls) == []
    assert {call["provider"] for call in captured.calls} == {stands_for}
