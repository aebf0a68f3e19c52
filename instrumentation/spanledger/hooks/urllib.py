"""Stands between urllib3's response and its reader, for requests and botocore, streamed.

The response gets a subclass of its own class, so that whoever holds it goes on with the same object.
"""

import weakref
from collections.abc import Mapping
from typing import Any

from spanledger.capture import Call
from spanledger.hooks.hiding import Hiding


class _Tee:
    """Put in front of the class of a response; the bytes that the outermost reading method returns are fed."""

    _spanledger: "_Reading"

    def read(self, amt: Any = None, *args: Any, **options: Any) -> Any:
        with_all = amt is None or amt < 0
        return self._spanledger.take(super().read, (amt, *args), options, ends=with_all)  # type: ignore[misc]

    def read1(self, amt: Any = None, *args: Any, **options: Any) -> Any:
        return self._spanledger.take(super().read1, (amt, *args), options)  # type: ignore[misc]

    def readinto(self, buffer: Any) -> Any:
        # Calls read().
        return super().readinto(buffer)  # type: ignore[misc]

    def stream(self, *args: Any, **options: Any) -> Any:
        return self._spanledger.steps(super().stream(*args, **options), options)  # type: ignore[misc]

    def read_chunked(self, *args: Any, **options: Any) -> Any:
        return self._spanledger.steps(super().read_chunked(*args, **options), options)  # type: ignore[misc]

    def close(self) -> None:
        try:
            super().close()  # type: ignore[misc]
        finally:
            self._spanledger.left()

    def release_conn(self) -> None:
        try:
            super().release_conn()  # type: ignore[misc]
        finally:
            self._spanledger.left()


class _Reading:
    """What is being read, and how deep in each other's calls the reading methods are."""

    __slots__ = ("_call", "_decodes", "_depth", "_head", "_headers", "_hidden")

    def __init__(self, call: Call, status: int, headers: Mapping[str, str], decodes: bool) -> None:
        self._call = call
        self._hidden: Hiding | None = None
        self._head: int | None = status
        self._headers = headers
        self._decodes = decodes
        self._depth = 0

    def take(self, method: Any, args: Any, options: Mapping[str, Any], ends: bool = False) -> Any:
        """Call a method that returns bytes."""
        self._depth += 1
        try:
            data = method(*args, **options)
        except BaseException as error:
            self._depth -= 1
            if not self._depth:
                self._call.failed(error)
            raise
        self._depth -= 1
        if not self._depth:
            self._fed(data, args[1] if len(args) > 1 else options.get("decode_content"))
            if ends or (not data and args[0] != 0 and _is_over(method)):
                self._call.finish()
        return data

    def steps(self, inner: Any, options: Mapping[str, Any]) -> Any:
        """Go through a generator of bytes; between its steps, its consumer may read by other means."""
        outermost = not self._depth
        while True:
            self._depth += 1
            try:
                data = next(inner)
            except StopIteration:
                if outermost:
                    self._call.finish()
                return
            except BaseException as error:
                if outermost:
                    self._call.failed(error)
                raise
            finally:
                self._depth -= 1
            if outermost:
                self._fed(data, options.get("decode_content"))
            yield data

    def left(self) -> None:
        """The response was closed, or its connection given back."""
        if not self._depth:
            self._call.finish()

    def _fed(self, data: bytes, decoded: Any) -> None:
        if self._head is not None:
            # Only the first reader shows whether the bytes come decoded.
            decoded = self._decodes if decoded is None else decoded
            encoding = None if decoded else self._headers.get("content-encoding")
            self._call.answered(self._head, self._headers.get("content-type"), encoding, self._headers)
            self._head = None
            if self._call.asked:
                self._hidden = Hiding(self._headers, encoding)
        if data:
            self._call.feed(data)


def _is_over(method: Any) -> bool:
    """Whether a reading method that gave nothing had nothing more to give.

    urllib3 1.26 gives nothing as well where the few compressed bytes that it read hold no plain one yet.
    """
    is_closed = getattr(getattr(method.__self__, "_fp", None), "isclosed", None)
    return is_closed is None or bool(is_closed())


class _HidingReading(_Reading):
    """The same for a stream that we asked for its usage: what is hidden is not read, however it is read."""

    __slots__ = ("_over", "_shown")

    def __init__(self, call: Call, status: int, headers: Mapping[str, str], decodes: bool) -> None:
        super().__init__(call, status, headers, decodes)
        self._shown = b""
        self._over = False

    def take(self, method: Any, args: Any, options: Mapping[str, Any], ends: bool = False) -> Any:
        if self._depth:
            return super().take(method, args, options, ends)
        while ends or not (self._shown or self._over):
            data = super().take(method, args, options, ends)
            if data:
                self._show(data)
            if ends or args[0] == 0 or not data:
                self._over = ends or (args[0] != 0 and _is_over(method))
                break
        if self._over:
            self._show(None)
        return self._taken(None if ends else args[0])

    def steps(self, inner: Any, options: Mapping[str, Any]) -> Any:
        if self._depth:
            yield from super().steps(inner, options)
            return
        try:
            for data in super().steps(inner, options):
                self._show(data)
                if self._shown:
                    yield self._taken(None)
        except Exception:
            self._show(None)
            if self._shown:
                yield self._taken(None)
            raise
        self._show(None)
        if self._shown:
            yield self._taken(None)

    def _taken(self, amount: int | None) -> bytes:
        data = self._shown[:amount]
        self._shown = self._shown[len(data) :]
        return data

    def _show(self, data: bytes | None) -> None:
        if self._hidden is not None:
            self._shown += self._hidden.end() if data is None else self._hidden.feed(data)


_classes: dict[type, type] = {}


def watch(call: Call, raw: Any, status: int, headers: Mapping[str, str]) -> None:
    """Feed the call with what is read from `raw` from now on, and end it when that ends.

    Args:
        call: what the response answers.
        raw: urllib3's response. One of another kind cannot be watched: its usage is then missing.
        status: HTTP status code.
        headers: the response's.
    """
    cls = type(raw)
    if not hasattr(raw, "read_chunked") or not hasattr(raw, "__dict__"):
        call.answered(status, None, None, headers)
        call.unseen()
        return
    if cls not in _classes:
        _classes[cls] = type(cls.__name__, (_Tee, cls), {"__module__": cls.__module__})
    reading = _HidingReading if call.asked else _Reading
    raw._spanledger = reading(call, status, headers, bool(getattr(raw, "decode_content", False)))
    raw.__class__ = _classes[cls]
    # When its owner just lets go of it. At exit the runtime ends what is left, in its own order.
    weakref.finalize(raw, call.finish).atexit = False
