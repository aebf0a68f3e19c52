"""Hooks `Client.send` and `AsyncClient.send` of httpx and httpx2: one function, told which module."""

import functools
from typing import Any

from spanledger.capture import Call
from spanledger.hooks.hiding import Hiding
from spanledger.hooks.outgoing import (
    AS_IT_IS,
    DEFAULT_PORTS,
    Begin,
    Outgoing,
    Patches,
    asked_for_usage,
    async_send,
    begin,
    look,
    retries_of,
    sync_send,
)
from spanledger.hooks.streams import Tees


def install(module: Any, start: Begin, patches: Patches) -> None:
    """Patch the clients of `httpx` or `httpx2`, given as a module."""
    tees = Tees(module)
    patches.put(module.Client, "send", functools.partial(_sync, start, tees.sync))
    patches.put(module.AsyncClient, "send", functools.partial(_async, start, tees.asynchronous))


class _Body:
    """The body of a request, as `asked_for_usage` wants it.

    The request stays the caller's own object: authentication writes into it, and responses refer to it.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self.headers = request.headers
        self.content: bytes | None = getattr(request, "_content", None)
        self._stream = request.stream

    def put(self, content: bytes) -> None:
        request = self._request
        request.stream = type(self._stream)(content) if content is not self.content else self._stream
        request._content = content
        if "content-length" in self.headers:
            self.headers["Content-Length"] = str(len(content))


def _sync(start: Begin, tee: Any, original: Any) -> Any:
    def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = begin(start, getattr(request, "method", None), _describe, request)
        if call is None:
            return original(self, request, *args, **options)
        with asked_for_usage(call, _Body, request) if call.asks else AS_IT_IS:
            response = sync_send(call, functools.partial(original, self, request, *args, **options))
        look(call, _attach, response, tee)
        return response

    return send


def _async(start: Begin, tee: Any, original: Any) -> Any:
    async def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = begin(start, getattr(request, "method", None), _describe, request)
        if call is None:
            return await original(self, request, *args, **options)
        with asked_for_usage(call, _Body, request) if call.asks else AS_IT_IS:
            response = await async_send(call, functools.partial(original, self, request, *args, **options))
        look(call, _attach, response, tee)
        return response

    return send


def _describe(request: Any) -> Outgoing:
    url = request.url
    return Outgoing(
        url.host,
        url.port or DEFAULT_PORTS.get(url.scheme),
        url.path,
        lambda: url.query.decode("ascii", "replace"),
        # Never a body that is a stream: reading it would take it from the request.
        lambda: request.content if hasattr(request, "_content") else None,
        lambda: retries_of(request.headers),
    )


def _attach(call: Call, response: Any, tee: Any) -> None:
    headers = response.headers
    if hasattr(response, "_content"):
        # Read in full: by send itself, or by an event hook. It is decoded already.
        call.body(response.status_code, response.content, headers)
        if call.asked:
            filtering = Hiding(headers, None)
            filtering.correct(headers)
            response._content = filtering.whole(response.content)
            response.__dict__.pop("_text", None)
    else:
        kind, encoding = headers.get("content-type"), headers.get("content-encoding")
        call.answered(response.status_code, kind, encoding, headers)
        hidden = Hiding(headers, encoding) if call.asked else None
        response.stream = tee(response.stream, call, hidden)
        if hidden is not None:
            hidden.correct(headers)
