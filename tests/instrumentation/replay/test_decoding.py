"""Every recorded exchange through a client without a network: compressed or not, read at once or piece by piece."""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.instrumentation.replay.recordings import (
    RULES,
    asked_of,
    body_of,
    differences,
    exchanges,
    needed,
    pieces,
)

from spanledger import testing

pytestmark = needed


class Stream(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self._body)


def send(client: httpx.Client, exchange: dict[str, Any], streamed: bool) -> None:
    content = asked_of(exchange)
    if not streamed:
        client.post(exchange["request"]["url"], content=content)
        return
    with client.stream("POST", exchange["request"]["url"], content=content) as response:
        for _ in response.iter_raw():
            pass


def replay(compressed: bool = False, streamed: bool | None = None) -> list[dict[str, Any]]:
    """The records of all exchanges, in their order."""
    current: dict[str, Any] = {}

    def answer(_: httpx.Request) -> httpx.Response:
        response, body = current["response"], body_of(current)
        headers = {"content-type": response["content_type"] or ""}
        if compressed:
            body, headers["content-encoding"] = gzip.compress(body, 1), "gzip"
        return httpx.Response(response["status"], headers=headers, stream=Stream(body))

    with (
        testing.capture(provider_hosts=RULES) as captured,
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
    ):
        for exchange in exchanges():
            current.update(exchange)
            send(client, exchange, exchange["response"]["streamed"] if streamed is None else streamed)
        return list(captured.calls)


@pytest.mark.parametrize(
    ("compressed", "streamed"), [(False, None), (True, None), (False, True), (False, False)]
)
def test_usage_of_every_recorded_exchange_is_read(compressed: bool, streamed: bool | None) -> None:
    assert len(exchanges()) == 586
    assert differences(exchanges(), replay(compressed, streamed)) == []
