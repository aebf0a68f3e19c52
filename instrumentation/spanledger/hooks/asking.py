"""Asks an OpenAI-compatible stream for its usage in the name of a caller who did not. Pure.

Facts: `stream_options.include_usage` of OpenAI's API reference; Azure takes it from api-version 2024-09-01 on. Of the
other providers that we know, most report the usage of a stream unasked, and Mistral refuses the option.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from spanledger.providers import openai_chat
from spanledger.providers.hosts import KNOWN
from spanledger.providers.routes import UNKNOWN, Route

_NEED_ASKING: Final = ("azure.ai.openai", "ollama", "openai")
_AZURE_SINCE: Final = "2024-09-01"
# Headers that vouch for the body: with other bytes they would be wrong.
_VOUCHING: Final = (
    "content-digest",
    "content-encoding",
    "content-md5",
    "digest",
    "repr-digest",
    "signature",
    "x-amz-content-sha256",
)
_OPENING: Final = re.compile(rb"\s*\{\s*")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def takes_asking(route: Route, query: str) -> bool:
    """Whether the provider of this route has to be asked for the usage of a stream, and understands it.

    Args:
        route: what kind of call it is.
        query: query of the URL.
    """
    provider = route.provider
    if route.family is not openai_chat.FAMILY or provider == UNKNOWN:
        return False
    if provider == "azure.ai.openai":
        version = parse_qs(query).get("api-version", [""])[0]
        return not version[:1].isdigit() or version >= _AZURE_SINCE
    # A name of the user's own, in a host rule, stands for an OpenAI-compatible server.
    return provider in _NEED_ASKING or provider not in KNOWN


def is_vouched_for(headers: Mapping[str, str]) -> bool:
    """Whether something in the headers holds for these bytes of the body only, a signature or a digest.

    Args:
        headers: of the request, found by lower-case name.
    """
    return any(name in headers for name in _VOUCHING) or str(headers.get("authorization", "")).startswith(
        "AWS4-"
    )


def with_usage(body: bytes) -> bytes | None:
    """The request body with `stream_options.include_usage` set and nothing else changed; None when it has no place.

    Args:
        body: a JSON object.
    """
    opening = _OPENING.match(body)
    if opening is None:
        return None
    if b'"stream_options"' in body:
        try:
            text = body.decode()
            present = _options(text)
        except (ValueError, RecursionError):
            return None
        if present is not None:
            start, end, options = present
            merged = added(options)
            return None if merged is None else (text[:start] + _ENCODER.encode(merged) + text[end:]).encode()
    rest = body[opening.end() :]
    return b'{"stream_options":{"include_usage":true}' + (b"" if rest[:1] == b"}" else b",") + rest


def added(options: Any) -> dict[str, Any] | None:
    """The value of `stream_options` with `include_usage` set; None when it is not what it should be."""
    if options is not None and not isinstance(options, Mapping):
        return None
    return {**(options or {}), "include_usage": True}


def _options(text: str) -> tuple[int, int, Any] | None:
    """Where the value of `stream_options` stands in a JSON object, and what it is; None when it has none."""
    position = _after_space(text, text.index("{") + 1)
    while text[position : position + 1] == '"':
        key, position = _DECODER.raw_decode(text, position)
        start = _after_space(text, _after_space(text, position) + 1)
        value, end = _DECODER.raw_decode(text, start)
        if key == "stream_options":
            return start, end, value
        position = _after_space(text, _after_space(text, end) + 1)
    return None


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
