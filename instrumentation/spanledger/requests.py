"""What a request says about itself: model, stream, tier. Read from bytes in memory, never from a stream."""

from typing import Any, NamedTuple

from spanledger import payload
from spanledger.providers.facts import text


class RequestFacts(NamedTuple):
    """Facts of one request.

    Attributes:
        model: the model asked for.
        stream: the answer was asked for as a stream.
        service_tier: as asked for.
        speed: as asked for.
        region: as asked for.
        host: server address.
        port: server port.
        attempt: 1 for the first HTTP attempt of a logical call.
    """

    model: str | None = None
    stream: bool = False
    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    host: str | None = None
    port: int | None = None
    attempt: int = 1


def read(body: bytes | None, host: str, port: int | None, retries: str | None) -> RequestFacts:
    """Read the facts of a request.

    Args:
        body: the JSON body, None when it is not in memory.
        host: server address.
        port: server port.
        retries: value of `x-stainless-retry-count`, which SDKs send with every attempt.
    """
    asked: Any = payload.load(body) if body else None
    if type(asked) is not dict:
        asked = {}
    return RequestFacts(
        model=text(asked.get("model")),
        stream=asked.get("stream") is True,
        service_tier=text(asked.get("service_tier")),
        speed=text(asked.get("speed")),
        region=text(asked.get("inference_geo")),
        host=host,
        port=port,
        attempt=int(retries) + 1
        if retries and retries.isascii() and retries.isdigit() and len(retries) < 6
        else 1,
    )
