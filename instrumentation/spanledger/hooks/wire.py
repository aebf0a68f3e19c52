"""Hooks `Client.send` and `AsyncClient.send` of httpx and httpx2: one function, told which module."""

import functools
from typing import Any

from spanledger.capture import Call
from spanledger.hooks.outgoing import (
    DEFAULT_PORTS,
    Begin,
    Outgoing,
    Patches,
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


def _sync(start: Begin, tee: Any, original: Any) -> Any:
    def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = begin(start, getattr(request, "method", None), _describe, request)
        if call is None:
            return original(self, request, *args, **options)
        response = sync_send(call, functools.partial(original, self, request, *args, **options))
        look(call, _attach, response, tee)
        return response

    return send


def _async(start: Begin, tee: Any, original: Any) -> Any:
    async def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = begin(start, getattr(request, "method", None), _describe, request)
        if call is None:
            return await original(self, request, *args, **options)
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
        # Never a body that is a stream: reading it would take it from the request.
        lambda: request.content if hasattr(request, "_content") else None,
        lambda: retries_of(request.headers),
    )


def _attach(call: Call, response: Any, tee: Any) -> None:
    headers = response.headers
    if hasattr(response, "_content"):
        # Read in full: by send itself, or by an event hook. It is decoded already.
        call.body(response.status_code, response.content, headers)
    else:
        kind, encoding = headers.get("content-type"), headers.get("content-encoding")
        call.answered(response.status_code, kind, encoding, headers)
        response.stream = tee(response.stream, call)
