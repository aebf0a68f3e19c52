"""Hooks `Session.send` of requests."""

import functools
from typing import Any
from urllib.parse import urlsplit

from spanledger.capture import Call
from spanledger.hooks.hiding import Hiding
from spanledger.hooks.outgoing import (
    AS_IT_IS,
    DEFAULT_PORTS,
    Begin,
    Outgoing,
    Patches,
    asked_for_usage,
    begin,
    look,
    retries_of_aws,
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
        with asked_for_usage(call, _Body, request) if call.asks else AS_IT_IS:
            response = sync_send(call, functools.partial(original, self, request, **options))
        look(call, _attach, response)
        return response

    return send


class _Body:
    """The body of a prepared request, as `asked_for_usage` wants it; text stays text."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._own = request.body
        self.headers = request.headers
        self.content = _body(request.body)

    def put(self, content: bytes) -> None:
        own = self._own
        if content is not self.content:
            own = content.decode() if isinstance(own, str) else content
        self._request.body = own
        if "content-length" in self.headers:
            self.headers["Content-Length"] = str(len(content))


def describe(request: Any) -> Outgoing | None:
    """A prepared request of requests or botocore: its URL is text, its body bytes, text or a stream."""
    parts = urlsplit(request.url)
    if parts.hostname is None:
        return None
    return Outgoing(
        parts.hostname,
        parts.port or DEFAULT_PORTS.get(parts.scheme),
        parts.path,
        lambda: parts.query,
        lambda: _body(request.body),
        lambda: retries_of_aws(request.headers),
    )


def _body(body: Any) -> bytes | None:
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    return bytes(body) if isinstance(body, bytes | bytearray) else None


def _attach(call: Call, response: Any) -> None:
    if response._content_consumed:
        call.body(response.status_code, response.content, response.headers)
        if call.asked:
            hidden = Hiding(response.headers, None)
            hidden.correct(response.headers)
            response._content = hidden.whole(response.content)
    else:
        if call.asked:
            Hiding(response.headers, response.headers.get("content-encoding")).correct(response.headers)
        watch(call, response.raw, response.status_code, response.headers)
