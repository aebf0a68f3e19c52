"""Stands between a streamed body and its reader: bytes pass unchanged, and the call ends exactly once."""

import weakref
from typing import Any

from spanledger.capture import Call
from spanledger.hooks.hiding import Hiding


class Tees:
    """The tee classes of one HTTP library; they subclass its stream types, which its responses insist on.

    Args:
        module: `httpx` or `httpx2`.
    """

    def __init__(self, module: Any) -> None:
        self.sync: Any = type("SyncTee", (_SyncTee, module.SyncByteStream), {})
        self.asynchronous: Any = type("AsyncTee", (_AsyncTee, module.AsyncByteStream), {})


class _Tee:
    def __init__(self, inner: Any, call: Call, hidden: Hiding | None) -> None:
        self._inner = inner
        self._call = call
        self._hidden = hidden
        # When the reader just lets go of it. At exit the runtime ends what is left, in its own order.
        weakref.finalize(self, call.finish).atexit = False

    def __getattr__(self, name: str) -> Any:
        # httpx2 reads `response.stream.elapsed` back.
        if name in ("_inner", "_call", "_hidden"):
            raise AttributeError(name)
        return getattr(self._inner, name)


class _SyncTee(_Tee):
    def __iter__(self) -> Any:
        call, hidden = self._call, self._hidden
        try:
            for chunk in self._inner:
                call.feed(chunk)
                if hidden is not None:
                    chunk = hidden.feed(chunk)
                    if not chunk:
                        continue
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            call.failed(error)
            if hidden is not None and (rest := hidden.end()):
                yield rest
            raise
        call.finish()
        if hidden is not None and (rest := hidden.end()):
            yield rest

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._call.finish()


class _AsyncTee(_Tee):
    def __aiter__(self) -> "_AsyncSteps":
        return _AsyncSteps(self) if self._hidden is None else _HidingSteps(self, self._hidden)

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


class _HidingSteps(_AsyncSteps):
    """The same for a stream that we asked for its usage."""

    __slots__ = ("_hidden", "_over")

    def __init__(self, tee: _AsyncTee, hidden: Hiding) -> None:
        super().__init__(tee)
        self._hidden = hidden
        self._over: Exception | None = None

    async def __anext__(self) -> bytes:
        if self._over is not None:
            raise self._over
        try:
            while not (chunk := self._hidden.feed(await super().__anext__())):
                pass
        except Exception as over:  # the end of the iteration too: what was held back comes before it
            chunk = self._hidden.end()
            if not chunk:
                raise
            self._over = over
        return chunk
