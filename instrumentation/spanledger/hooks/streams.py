"""Stands between a streamed body and its reader: bytes pass unchanged, and the call ends exactly once."""

import weakref
from typing import Any

from spanledger.capture import Call


class Tees:
    """The tee classes of one HTTP library; they subclass its stream types, which its responses insist on.

    Args:
        module: `httpx` or `httpx2`.
    """

    def __init__(self, module: Any) -> None:
        self.sync: Any = type("SyncTee", (_SyncTee, module.SyncByteStream), {})
        self.asynchronous: Any = type("AsyncTee", (_AsyncTee, module.AsyncByteStream), {})


class _Tee:
    def __init__(self, inner: Any, call: Call) -> None:
        self._inner = inner
        self._call = call
        # When the reader just lets go of it. At exit the runtime ends what is left, in its own order.
        weakref.finalize(self, call.finish).atexit = False

    def __getattr__(self, name: str) -> Any:
        # httpx2 reads `response.stream.elapsed` back.
        if name in ("_inner", "_call"):
            raise AttributeError(name)
        return getattr(self._inner, name)


class _SyncTee(_Tee):
    def __iter__(self) -> Any:
        call = self._call
        try:
            for chunk in self._inner:
                call.feed(chunk)
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            call.failed(error)
            raise
        call.finish()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._call.finish()


class _AsyncTee(_Tee):
    def __aiter__(self) -> "_AsyncSteps":
        return _AsyncSteps(self)

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._call.finish()


class _AsyncSteps:
    """An iterator class: an async generator would add a finaliser of its own to the event loop."""

    __slots__ = ("_call", "_steps", "_tee")

    def __init__(self, tee: _AsyncTee) -> None:
        self._tee = tee  # keeps it, and so the call, alive for as long as it is read
        self._call = tee._call
        self._steps = tee._inner.__aiter__()

    def __aiter__(self) -> "_AsyncSteps":
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk: bytes = await self._steps.__anext__()
        except StopAsyncIteration:
            self._call.finish()
            raise
        except BaseException as error:
            self._call.failed(error)
            raise
        self._call.feed(chunk)
        return chunk

    async def aclose(self) -> None:
        """Close the inner iterator where it is a generator, as its reader would have."""
        close = getattr(self._steps, "aclose", None)
        if close is not None:
            await close()
