"""Who pays, set once per request or task: ASGI and WSGI middleware, and the way through a task queue.

app = spanledger.middleware.ASGI(app, lambda scope: {"tenant": tenant_of(scope)})
"""

import functools
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, ParamSpec, TypeVar

from spanledger.diagnostics import warn_once
from spanledger.scope import context, here

P = ParamSpec("P")
R = TypeVar("R")

Resolver = Callable[[Any], Mapping[str, Any] | None]

# The one key under which a task carries its context.
TASK_KEY: Final = "spanledger"


class ASGI:
    """Puts `context(...)` around each request of an ASGI application.

    Args:
        app: the application.
        resolve: gets the ASGI scope and returns the arguments of `context()`: `tenant`, `operation`, `metadata`.
            None, or an exception, leaves the request without a context; the exception is logged once.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], resolve: Resolver) -> None:
        self._app = app
        self._resolve = resolve

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection; `lifespan` passes through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with _resolved(self._resolve, scope):
            await self._app(scope, receive, send)


class WSGI:
    """Puts `context(...)` around each request of a WSGI application, the iteration of its answer included.

    Args:
        app: the application.
        resolve: as for `ASGI`, given the WSGI environment.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], resolve: Resolver) -> None:
        self._app = app
        self._resolve = resolve

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve one request."""
        around = _resolved(self._resolve, environ)
        with around:
            answer = self._app(environ, start_response)
        # What is there already needs no context, and a file is for the server to send by itself.
        wrapper = environ.get("wsgi.file_wrapper")
        is_file = isinstance(wrapper, type) and isinstance(answer, wrapper)
        return answer if is_file or isinstance(answer, list | tuple) else _Answer(around, answer)


class _Answer:
    """An answer that is made while it is sent: each step of it runs inside the context."""

    def __init__(self, around: context, answer: Iterable[bytes]) -> None:
        self._around = around
        self._answer = answer
        self._steps = iter(answer)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._around:
            return next(self._steps)

    def close(self) -> None:
        """Close what the application returned, as the standard asks for."""
        close = getattr(self._answer, "close", None)
        if close is not None:
            with self._around:
                close()


def inject(headers: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the present context into the headers of a task, never into those of a request to somebody else.

    Celery: `task.apply_async(args, headers=spanledger.middleware.inject({}))`, or once for all tasks in a handler of
    `before_task_publish`.

    Args:
        headers: of the message; gets one key, `spanledger`, or none when nothing is set.

    Returns:
        The same mapping.
    """
    present = here()
    carried: dict[str, Any] = {}
    if present.tenant:
        carried["tenant"] = present.tenant
    if present.operation:
        carried["operation"] = present.operation
    if present.metadata:
        carried["metadata"] = dict(present.metadata)
    if carried:
        headers[TASK_KEY] = carried
    return headers


def restore(headers: Mapping[str, Any] | None) -> context:
    """The context that `inject()` put there, to run the task in: `with restore(task.request.headers): ...`.

    Args:
        headers: of the message that came in; only a queue that outsiders cannot write to may say who pays.

    Returns:
        A context manager; one that sets nothing when nothing was carried.
    """
    carried = headers.get(TASK_KEY) if isinstance(headers, Mapping) else None
    return _context(carried if isinstance(carried, Mapping) else {})


def task(function: Callable[P, R]) -> Callable[P, R]:
    """Run a bound Celery-style task in the context that its message carries.

    For functions whose first argument is the task, `@app.task(bind=True)`: its `request.headers`, or `request`
    itself, holds what `inject()` put in.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        request = getattr(args[0], "request", None) if args else None
        headers = getattr(request, "headers", None)
        if not isinstance(headers, Mapping) or TASK_KEY not in headers:
            # Celery's second message protocol lays headers down as attributes of the request.
            carried = getattr(request, TASK_KEY, None)
            headers = {TASK_KEY: carried} if isinstance(carried, Mapping) else None
        with restore(headers):
            return function(*args, **kwargs)

    return run


def _resolved(resolve: Resolver, request: Any) -> context:
    try:
        return _context(resolve(request) or {})
    except Exception as error:  # a caller's function may do anything; the request is served all the same
        warn_once(
            "resolver",
            "The resolver of spanledger.middleware failed (%s: %s); the request's LLM calls have no tenant.",
            type(error).__name__,
            error,
        )
        return context()


def _context(values: Mapping[str, Any]) -> context:
    metadata = values.get("metadata")
    return context(
        tenant=values.get("tenant"),
        operation=values.get("operation"),
        metadata=metadata if isinstance(metadata, Mapping) else None,
    )
