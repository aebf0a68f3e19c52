"""Every recorded exchange through every HTTP client over a socket, under the host that it was recorded from.

The server on loopback is their proxy: they ask for `http://api.openai.com/…`, and their own code does the rest.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import botocore.session
import httpx
import httpx2
import pytest
import requests
from botocore.config import Config
from tests.instrumentation.replay.provider import Provider
from tests.instrumentation.replay.recordings import (
    RULES,
    Exchange,
    asked_of,
    differences,
    exchanges,
    needed,
    of,
    wanted_usage,
)

from spanledger import testing

pytestmark = needed


def url_of(exchange: Exchange) -> str:
    """Without encryption, so that a proxy can play the host."""
    return str(exchange["request"]["url"]).replace("https://", "http://").replace(":443/", "/")


def is_streamed(exchange: Exchange) -> bool:
    return bool(exchange["response"]["streamed"])


def over_httpx(library: Any, provider: Provider) -> None:
    with library.Client(proxy=provider.url) as client:
        for exchange in exchanges():
            provider.play(exchange)
            asked = {"content": asked_of(exchange)}
            if is_streamed(exchange):
                with client.stream("POST", url_of(exchange), **asked) as response:
                    for _ in response.iter_bytes():
                        pass
            else:
                client.post(url_of(exchange), **asked)
            assert provider.asked == 1


async def over_async_httpx(library: Any, provider: Provider) -> None:
    async with library.AsyncClient(proxy=provider.url) as client:
        for exchange in exchanges():
            provider.play(exchange)
            asked = {"content": asked_of(exchange)}
            if is_streamed(exchange):
                async with client.stream("POST", url_of(exchange), **asked) as response:
                    async for _ in response.aiter_bytes():
                        pass
            else:
                await client.post(url_of(exchange), **asked)


async def over_aiohttp(provider: Provider) -> None:
    async with aiohttp.ClientSession() as session:
        for exchange in exchanges():
            provider.play(exchange)
            asked: Any = {"data": asked_of(exchange), "proxy": provider.url}
            async with session.post(url_of(exchange), **asked) as response:
                if is_streamed(exchange):
                    async for _ in response.content.iter_any():
                        pass
                else:
                    await response.read()


def over_requests(provider: Provider) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": provider.url}
        for exchange in exchanges():
            provider.play(exchange)
            streamed = is_streamed(exchange)
            response = session.post(url_of(exchange), data=asked_of(exchange), stream=streamed, timeout=30)
            for _ in response.iter_content(None):
                pass


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
def test_httpx(provider: Provider, library: Any) -> None:
    with testing.capture(provider_hosts=RULES) as captured:
        over_httpx(library, provider)
    assert differences(exchanges(), captured.calls) == []


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
async def test_async_httpx(provider: Provider, library: Any) -> None:
    with testing.capture(provider_hosts=RULES) as captured:
        await over_async_httpx(library, provider)
    assert differences(exchanges(), captured.calls) == []


async def test_aiohttp(provider: Provider) -> None:
    with testing.capture(provider_hosts=RULES) as captured:
        await over_aiohttp(provider)
    assert differences(exchanges(), captured.calls) == []


def test_requests(provider: Provider) -> None:
    with testing.capture(provider_hosts=RULES) as captured:
        over_requests(provider)
    assert differences(exchanges(), captured.calls) == []


def bedrock(provider: Provider) -> Any:
    return botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="k",
        endpoint_url="http://bedrock-runtime.us-east-1.amazonaws.com",
        config=Config(proxies={"http": provider.url}, retries={"total_max_attempts": 1}),
    )


def call_bedrock(client: Any, exchange: Exchange) -> Any:
    """The call of boto3 that was recorded; what it gives to its caller of the usage, if that shows any."""
    model = exchange["expected"]["request_model"]
    if exchange["api"] == "converse":
        asked = {"modelId": model, "messages": [{"role": "user", "content": [{"text": "hi"}]}]}
        if is_streamed(exchange):
            events = list(client.converse_stream(**asked)["stream"])
            return next(event["metadata"]["usage"] for event in events if "metadata" in event)
        return client.converse(**asked)["usage"]
    if is_streamed(exchange):
        stream = client.invoke_model_with_response_stream(modelId=model, body=asked_of(exchange))
        assert all(json.loads(event["chunk"]["bytes"]) for event in stream["body"])
    else:
        assert json.loads(client.invoke_model(modelId=model, body=asked_of(exchange))["body"].read())
    return None


def test_botocore_with_bedrock_in_all_four_ways(provider: Provider) -> None:
    recorded = of("bedrock")
    ways = {(one["api"], is_streamed(one)) for one in recorded}
    assert ways == {("converse", False), ("converse", True), ("invoke", False), ("invoke", True)}
    client = bedrock(provider)
    with testing.capture() as captured:
        for exchange in recorded:
            provider.play(exchange)
            seen = call_bedrock(client, exchange)
            known = wanted_usage(exchange) or {}
            # What the caller sees is what is on the wire; botocore leaves out what its model does not know.
            assert seen is None or {key: known[key] for key in seen} == seen
    assert differences(recorded, captured.calls) == []
    assert {call["provider"] for call in captured.calls} == {"aws.bedrock"}
