"""Hooks `ClientSession._request` of aiohttp; its bodies are read after it returns, from a stream reader.

The reader of a captured response gets a class of ours: a subclass without state of its own, which sees every byte
as it is taken out. A wrapper would be in the way of the parser and the response, which hold the reader too.
"""

import functools
import json
import weakref
from collections.abc import Mapping
from typing import Any, Final

from spanledger.capture import Call
from spanledger.diagnostics import internal_error
from spanledger.hooks import asking
from spanledger.hooks.hiding import Hiding
from spanledger.hooks.outgoing import (
    Begin,
    Outgoing,
    Patches,
    async_send,
    begin,
    look,
    retries_of_aws,
)

# Longer texts of a request say nothing that is looked for.
_LONGEST: Final = 256


def install(module: Any, start: Begin, patches: Patches) -> None:
    """Patch the session of `aiohttp`, given as a module."""
    patches.put(module.ClientSession, "_request", functools.partial(_hooked, start, _Readers(module)))


def _hooked(start: Begin, readers: "_Readers", original: Any) -> Any:
    async def _request(self: Any, method: Any, str_or_url: Any, **options: Any) -> Any:
        verb = method.upper() if isinstance(method, str) else method
        call = begin(start, verb, _describe, self, str_or_url, options)
        if call is None:
            return await original(self, method, str_or_url, **options)
        if call.asks:
            options = _asking(call, self, options)
        send = functools.partial(original, self, method, str_or_url, **options)
        response = await async_send(call, send)
        decoded = options.get("auto_decompress")
        if decoded is None:
            decoded = getattr(self, "_auto_decompress", True)
        look(call, readers.attach, response, decoded)
        return response

    return _request


def _describe(session: Any, target: Any, options: Mapping[str, Any]) -> Outgoing | None:
    url = session._build_url(target)
    if url.host is None:
        return None
    return Outgoing(
        url.host.lower(),
        url.port,
        url.raw_path,
        lambda: url.raw_query_string,
        lambda: _body(options),
        lambda: retries_of_aws(options.get("headers")),
    )


def _body(options: Mapping[str, Any]) -> bytes | None:
    data, asked = options.get("data"), options.get("json")
    if isinstance(data, str):
        return data.encode("utf-8", "replace")
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    # The session encodes it later; encoding all of a prompt twice for a model's name would be a waste.
    return _outline(asked) if isinstance(asked, Mapping) else None


def _outline(asked: Mapping[Any, Any]) -> bytes:
    """A request's JSON with its short values only; of longer ones the type is left."""
    kept: dict[str, Any] = {}
    for key, value in asked.items():
        if isinstance(value, str):
            kept[str(key)] = value if len(value) <= _LONGEST else ""
        elif key == "stream_options" and isinstance(value, Mapping):
            kept[key] = {"include_usage": value.get("include_usage") is True}
        elif value is None or isinstance(value, bool | int):
            kept[str(key)] = value
        else:
            kept[str(key)] = [] if isinstance(value, list | tuple) else {}
    return json.dumps(kept).encode()


def _asking(call: Call, session: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options with a body that asks for the usage of its stream; the caller's own are left as they are."""
    try:
        headers = session._prepare_headers(options.get("headers"))
        # A length that the caller wrote itself would be wrong.
        if asking.is_vouched_for(headers) or "content-length" in headers:
            return options
        data, asked = options.get("data"), options.get("json")
        if isinstance(data, str | bytes | bytearray):
            body = _body(options)
            changed: Any = asking.with_usage(body) if body else None
            if changed is not None:
                options = {**options, "data": changed.decode() if isinstance(data, str) else changed}
        else:
            fields: Mapping[str, Any] = asked or {}
            changed = asking.added(fields.get("stream_options"))
            options = {**options, "json": {**fields, "stream_options": changed} if changed else asked}
        call.asked = changed is not None
    except Exception:
        internal_error("asking for usage")
    return options


class _Readers:
    """Gives the readers of captured responses their class."""

    def __init__(self, module: Any) -> None:
        calls: dict[int, Call] = {}
        hidings: dict[int, Hiding] = {}
        self._calls = calls
        self._hidings = hidings
        self._empty = module.EMPTY_PAYLOAD
        self._plain = module.StreamReader

        class Tee(module.StreamReader):  # type: ignore[misc]
            __slots__ = ()

            def _read_nowait_chunk(self, n: int) -> bytes:
                data: bytes = super()._read_nowait_chunk(n)
                call = calls.get(id(self))
                if call is not None:
                    call.feed(data)
                    if self._eof and not self._buffer:
                        call.finish()
                return data

            def feed_eof(self) -> None:
                super().feed_eof()
                call = calls.get(id(self))
                if call is not None and not self._buffer:
                    call.finish()

            def set_exception(self, error: Any, *cause: Any) -> None:
                super().set_exception(error, *cause)
                call = calls.get(id(self))
                if call is not None:
                    # How a response tells its reader that it was closed by its owner.
                    closed = str(error) == "Connection closed"
                    call.finish() if closed else call.failed(error)

        class HidingTee(Tee):
            """For a stream that we asked for its usage: what is hidden never gets into the buffer."""

            __slots__ = ()

            def feed_data(self, data: bytes, *size: int) -> Any:
                call, hidden = calls.get(id(self)), hidings.get(id(self))
                if call is not None:
                    call.feed(data)
                return super().feed_data(data if hidden is None else hidden.feed(data), *size)

            def _read_nowait_chunk(self, n: int) -> bytes:
                # The call has these bytes already.
                data: bytes = module.StreamReader._read_nowait_chunk(self, n)
                call = calls.get(id(self))
                if call is not None and self._eof and not self._buffer:
                    call.finish()
                return data

            def feed_eof(self) -> None:
                hidden = hidings.get(id(self))
                if hidden is not None:
                    module.StreamReader.feed_data(self, hidden.end())
                super().feed_eof()

        self._tee = Tee
        self._hiding_tee = HidingTee

    def attach(self, call: Call, response: Any, decoded: bool) -> None:
        """Watch a response whose head is here.

        Args:
            call: what it answers.
            response: aiohttp's response.
            decoded: its reader hands out the body without its Content-Encoding.
        """
        headers, content = response.headers, response.content
        encoding = None if decoded else headers.get("content-encoding")
        call.answered(response.status, headers.get("content-type"), encoding, headers)
        hidden = Hiding(headers, encoding) if call.asked else None
        if response._body is not None or content is None or content is self._empty:
            call.feed(response._body or b"")
            call.finish()
            if hidden is not None and response._body:
                response._body = hidden.whole(response._body)
            return
        key = id(content)
        self._calls[key] = call
        if hidden is not None:
            self._hide(call, content, hidden)
        # When its owner just lets go of it. The reader lives for as long as the response does, at least.
        weakref.finalize(response, _let_go, self._calls, self._hidings, key).atexit = False
        content.__class__ = self._tee if hidden is None else self._hiding_tee
        if content._eof and not content._buffer:
            call.finish()

    def _hide(self, call: Call, content: Any, hidden: Hiding) -> None:
        """Filter what came along with the head, and have the rest filtered as it comes."""
        self._hidings[id(content)] = hidden
        early = b"".join(content._buffer)
        call.feed(early)
        shown = hidden.feed(early) + (hidden.end() if content._eof else b"")
        content._buffer.clear()
        if shown:
            content._buffer.append(shown)
        content._size += len(shown) - len(early)
        content.total_bytes += len(shown) - len(early)
        if content._http_chunk_splits:
            content._http_chunk_splits.clear()


def _let_go(calls: dict[int, Call], hidings: dict[int, Hiding], key: int) -> None:
    hidings.pop(key, None)
    call = calls.pop(key, None)
    if call is not None:
        call.finish()
