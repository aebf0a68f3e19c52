"""Hooks `Session.send` of requests."""

import functools
from typing import Any
from urllib.parse import urlsplit

from spanledger.capture import Call
from spanledger.hooks.outgoing import (
    DEFAULT_PORTS,
    Begin,
    Outgoing,
    Patches,
    begin,
    look,
    retries_of,
    sync_send,
)
from spanledger.hooks.urllib import watch


def install(module: Any, start: Begin, patches: Patches) -> None:
    """Patch the session of `requests`, given as a module."""
    patches.put(module.Session, "send", functools.partial(_hooked, start))


def _hooked(start: Begin, original: Any) -> Any:
    def send(self: Any, request: Any, **options: Any) -> Any:
        call = begin(start, getattr(request, "method", None), describe, request)
        if call is None:
            return original(self, request, **options)
        response = sync_send(call, functools.partial(original, self, request, **options))
        look(call, _attach, response)
        return response

    return send


def describe(request: Any) -> Outgoing | None:
    """A prepared request of requests or botocore: its URL is text, its body bytes, text or a stream."""
    parts = urlsplit(request.url)
    if parts.hostname is None:
        return None
    return Outgoing(
        parts.hostname,
        parts.port or DEFAULT_PORTS.get(parts.scheme),
        parts.path,
        lambda: _body(request.body),
        lambda: retries_of(request.headers),
    )


def _body(body: Any) -> bytes | None:
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    return bytes(body) if isinstance(body, bytes | bytearray) else None


def _attach(call: Call, response: Any) -> None:
    if response._content_consumed:
        call.body(response.status_code, response.content, response.headers)
    else:
        watch(call, response.raw, response.status_code, response.headers)
