"""What a request says about itself: model, stream, tier. Read from bytes in memory, never from a stream."""

from typing import Any, Final, NamedTuple

from spanledger import payload
from spanledger.providers.facts import mapping, text

# What a request of each operation cannot do without, beside its model.
_ESSENTIAL: Final[dict[str, tuple[str, type]]] = {
    "anthropic_messages": ("messages", list),
    "openai_chat": ("prompt", object),
    "openai_embeddings": ("input", object),
    "openai_images": ("prompt", str),
    "openai_responses": ("input", object),
}


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
        asks_usage: the stream was asked to report its usage.
        spoken: how many characters of text were given to be spoken, or None.
    """

    model: str | None = None
    stream: bool = False
    service_tier: str | None = None
    speed: str | None = None
    region: str | None = None
    host: str | None = None
    port: int | None = None
    attempt: int = 1
    asks_usage: bool = False
    spoken: int | None = None


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
        # Google's clients send `models/…`, as its paths do.
        model=text(_model(asked.get("model") or asked.get("agent"))),
        stream=asked.get("stream") is True,
        service_tier=text(asked.get("service_tier")),
        speed=text(asked.get("speed")),
        region=text(asked.get("inference_geo")),
        host=host,
        port=port,
        attempt=int(retries) + 1
        if retries and retries.isascii() and retries.isdigit() and len(retries) < 6
        else 1,
        asks_usage=mapping(asked.get("stream_options")).get("include_usage") is True,
        # Of a longer body, `load` leaves long texts out.
        spoken=len(asked["input"])
        if "voice" in asked and type(asked.get("input")) is str and len(body or b"") <= payload.LONG * 4
        else None,
    )


def _model(asked: Any) -> Any:
    return asked.removeprefix("models/") if type(asked) is str else asked


def is_llm_call(body: bytes | None, family: str) -> bool:
    """Whether a request to a host that nobody named is an LLM call of this family, by the shape of its body.

    Args:
        body: the JSON body, None when it is not in memory.
        family: name of the payload family that the path suggests.
    """
    essential = _ESSENTIAL.get(family)
    asked: Any = payload.load(body) if body and essential else None
    if essential is None or type(asked) is not dict or text(asked.get("model")) is None:
        return False
    key, kind = essential
    return key in asked and isinstance(asked[key], kind)
