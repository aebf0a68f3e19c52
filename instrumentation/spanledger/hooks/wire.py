"""Hooks `Client.send` and `AsyncClient.send` of httpx and httpx2: one function, told which module."""

import contextvars
import functools
import sys
from collections.abc import Callable
from typing import Any, Final

from spanledger.capture import Call
from spanledger.diagnostics import internal_error
from spanledger.hooks.streams import Tees

LIBRARIES: Final = ("httpx", "httpx2")

Begin = Callable[[Any], Call | None]

# The call whose send is running: what it sends inside, through a wrapped transport, is the same attempt.
_sending: contextvars.ContextVar[Call | None] = contextvars.ContextVar("spanledger_sending", default=None)


class WireHook:
    """Patches client classes, each once, and puts the originals back.

    Args:
        begin: starts a call for a request, or returns None when the request is not an LLM call.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        # By class object: after httpx2.alias_httpx() both module names lead to the same classes.
        self._originals: dict[type, Any] = {}

    @property
    def hooked(self) -> list[str]:
        """The patched classes, by full name."""
        return sorted(f"{cls.__module__}.{cls.__qualname__}" for cls in self._originals)

    def install(self, module: Any) -> None:
        """Patch the clients of `httpx` or `httpx2`, given as a module."""
        tees = Tees(module)
        self._patch(module.Client, functools.partial(_sync, self._begin, tees))
        self._patch(module.AsyncClient, functools.partial(_async, self._begin, tees))

    def install_present(self) -> None:
        """Patch the libraries that are imported already."""
        for name in LIBRARIES:
            module = sys.modules.get(name)
            # None stands for an import that is forbidden; without clients, the import is still running.
            if hasattr(module, "AsyncClient"):
                self.install(module)

    def remove(self) -> None:
        """Put the originals back, where our patch is still the outermost one."""
        for cls, (original, patch) in self._originals.items():
            if cls.__dict__.get("send") is patch:
                cls.send = original  # type: ignore[attr-defined]
        self._originals.clear()

    def _patch(self, cls: type, make: Callable[[Any], Any]) -> None:
        if cls in self._originals:
            return
        original = cls.__dict__["send"]
        patch = functools.wraps(original)(make(original))
        self._originals[cls] = (original, patch)
        cls.send = patch  # type: ignore[attr-defined]


def _sync(begin: Begin, tees: Tees, original: Any) -> Any:
    def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = _begin(begin, request)
        if call is None:
            return original(self, request, *args, **options)
        token = _sending.set(call)
        try:
            response = original(self, request, *args, **options)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            call.sending = False
            _sending.reset(token)
        _attach(call, response, tees.sync)
        return response

    return send


def _async(begin: Begin, tees: Tees, original: Any) -> Any:
    async def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        call = _begin(begin, request)
        if call is None:
            return await original(self, request, *args, **options)
        token = _sending.set(call)
        try:
            response = await original(self, request, *args, **options)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            call.sending = False
            _sending.reset(token)
        _attach(call, response, tees.asynchronous)
        return response

    return send


def _begin(begin: Begin, request: Any) -> Call | None:
    try:
        if request.method != "POST":
            return None
        outer = _sending.get()
        # A task started inside a send inherits the variable and may outlive it.
        if outer is not None and outer.sending:
            return None
        return begin(request)
    except Exception:
        internal_error("looking at a request")
        return None


def _attach(call: Call, response: Any, tee: Callable[[Any, Call], Any]) -> None:
    try:
        if hasattr(response, "_content"):
            # Read in full: by send itself, or by an event hook. It is decoded already.
            call.body(response.status_code, response.content, response.headers)
        else:
            headers = response.headers
            kind, encoding = headers.get("content-type"), headers.get("content-encoding")
            call.answered(response.status_code, kind, encoding, headers)
            response.stream = tee(response.stream, call)
    except Exception:
        call.finish()
        internal_error("looking at a response")
