"""How the sample service calls its providers, as any service does: nothing here knows of Spanledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam

MAX_TOKENS = 4096


@dataclass(frozen=True)
class Clients:
    """One client of each kind, made once, as a service does."""

    openai: OpenAI
    openai_async: AsyncOpenAI
    anthropic: Anthropic
    anthropic_async: AsyncAnthropic
    http: httpx.Client
    http_async: httpx.AsyncClient

    async def close(self) -> None:
        """Close every connection."""
        self.openai.close()
        self.anthropic.close()
        self.http.close()
        await self.openai_async.close()
        await self.anthropic_async.close()
        await self.http_async.aclose()


def connect(base_url: str) -> Clients:
    """Clients of the providers behind `base_url`."""
    openai_url, anthropic_url, openrouter_url = (
        f"{base_url}/openai/v1",
        f"{base_url}/anthropic",
        f"{base_url}/openrouter/api/v1/",
    )
    key = "not-a-key"
    headers = {"authorization": f"Bearer {key}"}
    return Clients(
        openai=OpenAI(base_url=openai_url, api_key=key),
        openai_async=AsyncOpenAI(base_url=openai_url, api_key=key),
        anthropic=Anthropic(base_url=anthropic_url, api_key=key),
        anthropic_async=AsyncAnthropic(base_url=anthropic_url, api_key=key),
        http=httpx.Client(base_url=openrouter_url, headers=headers),
        http_async=httpx.AsyncClient(base_url=openrouter_url, headers=headers),
    )


def openai_chat(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, sync, not streamed."""
    clients.openai.chat.completions.create(model=model, messages=_user(prompt))


async def openai_chat_async(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, async, not streamed."""
    await clients.openai_async.chat.completions.create(model=model, messages=_user(prompt))


def openai_stream(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, sync, streamed, usage asked for."""
    stream = clients.openai.chat.completions.create(
        model=model, messages=_user(prompt), stream=True, stream_options={"include_usage": True}
    )
    for _ in stream:
        pass


def openai_stream_without_usage(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, sync, streamed by a caller who did not ask for usage: OpenAI then reports none."""
    for _ in clients.openai.chat.completions.create(model=model, messages=_user(prompt), stream=True):
        pass


async def openai_stream_async(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, async, streamed, usage asked for."""
    stream = await clients.openai_async.chat.completions.create(
        model=model, messages=_user(prompt), stream=True, stream_options={"include_usage": True}
    )
    async for _ in stream:
        pass


def openai_embeddings(clients: Clients, model: str, prompt: str) -> None:
    """OpenAI SDK, embeddings."""
    clients.openai.embeddings.create(model=model, input=[prompt])


def anthropic_message(clients: Clients, model: str, prompt: str) -> None:
    """Anthropic SDK, sync, not streamed."""
    clients.anthropic.messages.create(
        model=model, max_tokens=MAX_TOKENS, messages=[{"role": "user", "content": prompt}]
    )


async def anthropic_message_async(clients: Clients, model: str, prompt: str) -> None:
    """Anthropic SDK, async, not streamed."""
    await clients.anthropic_async.messages.create(
        model=model, max_tokens=MAX_TOKENS, messages=[{"role": "user", "content": prompt}]
    )


async def anthropic_stream_async(clients: Clients, model: str, prompt: str) -> None:
    """Anthropic SDK, async, through its stream manager."""
    manager = clients.anthropic_async.messages.stream(
        model=model, max_tokens=MAX_TOKENS, messages=[{"role": "user", "content": prompt}]
    )
    async with manager as stream:
        async for _ in stream.text_stream:
            pass


def openrouter_chat(clients: Clients, model: str, prompt: str) -> None:
    """OpenRouter by raw httpx, sync, not streamed."""
    body = {"model": model, "messages": _user(prompt)}
    clients.http.post("chat/completions", json=body).raise_for_status()


async def openrouter_stream_async(clients: Clients, model: str, prompt: str) -> None:
    """OpenRouter by raw httpx, async, streamed."""
    body = {"model": model, "messages": _user(prompt), "stream": True}
    async with clients.http_async.stream("POST", "chat/completions", json=body) as response:
        response.raise_for_status()
        async for _ in response.aiter_lines():
            pass


CallSite = Callable[[Clients, str, str], Awaitable[None] | None]

CALL_SITES: dict[str, CallSite] = {
    site.__name__: site
    for site in (
        openai_chat,
        openai_chat_async,
        openai_stream,
        openai_stream_without_usage,
        openai_stream_async,
        openai_embeddings,
        anthropic_message,
        anthropic_message_async,
        anthropic_stream_async,
        openrouter_chat,
        openrouter_stream_async,
    )
}


def _user(prompt: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": prompt}]
