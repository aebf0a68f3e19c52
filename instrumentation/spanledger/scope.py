"""Who pays and for what: the calling context that every captured call carries."""

import contextvars
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, ParamSpec, TypeVar

from spanledger import metadata as bounded

P = ParamSpec("P")
R = TypeVar("R")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a call made here and now is attributed to.

    Attributes:
        tenant: who pays, or None when nobody said.
        operation: the business operation, or None.
        metadata: the caller's own facts, already bounded, read-only.
    """

    tenant: str | None = None
    operation: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    # The metadata as it goes on the span; made once per context rather than once per call.
    metadata_json: str | None = field(default=None, repr=False, compare=False)

    def merged(self, inner: "CallContext") -> "CallContext":
        """What holds where `inner` is entered inside this: the inner value wins, metadata adds up."""
        joined = {**self.metadata, **inner.metadata}
        facts, text = bounded.encode(joined) if inner.metadata else (self.metadata, self.metadata_json)
        return CallContext(inner.tenant or self.tenant, inner.operation or self.operation, facts, text)

    def with_defaults(self, tenant: str | None, operation: str | None) -> "CallContext":
        """This context, with the process-wide values where it has none."""
        if (self.tenant or not tenant) and (self.operation or not operation):
            return self
        return CallContext(
            self.tenant or tenant, self.operation or operation, self.metadata, self.metadata_json
        )


# All contexts around the running code, innermost last: leaving one needs no memory outside of this variable, so
# one context object may be entered by many tasks and threads at once.
_Stack = tuple[CallContext, ...]
_current: contextvars.ContextVar[_Stack] = contextvars.ContextVar(
    "spanledger_context", default=(CallContext(),)
)


def here() -> CallContext:
    """The context set by `context()` around the running code, without the process-wide defaults."""
    return _current.get()[-1]


class context:  # noqa: N801  # read as a function: `with spanledger.context(...)`
    """Attribute the LLM calls made inside to a tenant, an operation and metadata.

    A context manager and a decorator for functions, coroutine functions, generators and async generators.
    Contexts nest: an inner value wins, metadata adds up. Metadata is stored in the ledger, so keep secrets
    and prompts out of it; it is bounded to 32 keys and 4 KiB.

    Args:
        tenant: who pays for the calls.
        operation: the business operation, such as `analyze_edge_case`.
        metadata: facts about the request: strings, numbers, booleans, lists and mappings of them.
    """

    __slots__ = ("_inner",)

    def __init__(
        self,
        *,
        tenant: object = None,
        operation: object = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        facts, text = bounded.encode(metadata) if metadata else (_NOTHING, None)
        self._inner = CallContext(bounded.name(tenant), bounded.name(operation), facts, text)

    def __enter__(self) -> CallContext:
        stack = self._entered()
        _current.set(stack)
        return stack[-1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack = _current.get()
        _current.set(stack[:-1] or stack)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        inner: Any = function
        wrapper: Any
        if inspect.isasyncgenfunction(function):

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return _AsyncSteps(inner(*args, **kwargs), self._entered())

        elif inspect.isgeneratorfunction(function):

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                return _steps(inner(*args, **kwargs), self._entered())

        elif inspect.iscoroutinefunction(function):

            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await inner(*args, **kwargs)

        else:

            def wrapper(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return inner(*args, **kwargs)

        return functools.wraps(function)(wrapper)

    def _entered(self) -> _Stack:
        stack = _current.get()
        return (*stack, stack[-1].merged(self._inner))


def _steps(generator: Any, inside: _Stack) -> Any:
    """Run each step of a generator inside its context, and the consumer between the steps outside of it."""
    resume: Callable[[], Any] = functools.partial(next, generator)
    while True:
        outside = _current.get()
        _current.set(inside)
        try:
            produced = resume()
        except StopIteration as stop:
            return stop.value
        finally:
            # The body may have entered contexts of its own; they come back with its next step.
            inside = _current.get()
            _current.set(outside)
        try:
            sent = yield produced
        except GeneratorExit:
            _closing(generator, inside)
            raise
        except BaseException as error:
            resume = functools.partial(generator.throw, error)
        else:
            resume = functools.partial(generator.send, sent)


def _closing(generator: Any, inside: _Stack) -> None:
    outside = _current.get()
    _current.set(inside)
    try:
        generator.close()
    finally:
        _current.set(outside)


class _AsyncSteps:
    """The same for an async generator; a plain class, so that it adds no finaliser to the event loop."""

    __slots__ = ("_generator", "_inside")

    def __init__(self, generator: Any, inside: _Stack) -> None:
        self._generator = generator
        self._inside = inside

    def __aiter__(self) -> "_AsyncSteps":
        return self

    async def __anext__(self) -> Any:
        return await self._step(self._generator.__anext__())

    async def asend(self, value: Any) -> Any:
        return await self._step(self._generator.asend(value))

    async def athrow(self, *error: Any) -> Any:
        return await self._step(self._generator.athrow(*error))

    async def aclose(self) -> None:
        await self._step(self._generator.aclose())

    async def _step(self, step: Any) -> Any:
        outside = _current.get()
        _current.set(self._inside)
        try:
            return await step
        finally:
            self._inside = _current.get()
            _current.set(outside)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Take the present context along to a thread, as `pool.submit(spanledger.carry(work), item)`.

    Executors do not hand context variables over by themselves. What is carried is a snapshot of all of them,
    so the worker's spans keep their parent too.

    Args:
        function: what the other thread will call; it may be called many times and at once.

    Returns:
        A function with the same signature.
    """
    snapshot = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        # A context can be entered once at a time; a copy per call costs next to nothing.
        return snapshot.copy().run(function, *args, **kwargs)

    return carried
