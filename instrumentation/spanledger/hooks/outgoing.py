"""What all hooks share: a request on its way, patches that can be taken back, and one record for nested sends."""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from spanledger.capture import Call
from spanledger.diagnostics import internal_error
from spanledger.errors import TenantMissingError
from spanledger.hooks import asking

DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class Outgoing(NamedTuple):
    """A request about to be sent by POST, or by GET.

    Attributes:
        host: host name, lower case.
        port: port, the scheme's default included.
        path: path of the URL, percent-encoded or not.
        query: gives the query of the URL.
        body: gives the body where it is in memory, else None; asked only when the request may be an LLM call.
        retries: gives how often the SDK tried before, as it was written; None when it does not say.
    """

    host: str
    port: int | None
    path: str
    query: Callable[[], str]
    body: Callable[[], bytes | None]
    retries: Callable[[], str | None]


# A request about to be sent, and whether it is a GET.
Begin = Callable[[Outgoing, bool], Call | None]
Describe = Callable[..., Outgoing | None]

# The call whose send is running: what it sends inside, through a wrapped transport, is the same attempt.
_sending: contextvars.ContextVar[Call | None] = contextvars.ContextVar("spanledger_sending", default=None)


def begin(start: Begin, method: object, describe: Describe, *request: Any) -> Call | None:
    """Start a call for a request when it is one, and no part of a call under way."""
    try:
        if method not in ("POST", "GET"):
            return None
        outer = _sending.get()
        # A task started inside a send inherits the variable and may outlive it.
        if outer is not None and outer.sending:
            return None
        outgoing = describe(*request)
        return start(outgoing, method == "GET") if outgoing is not None else None
    except TenantMissingError:
        raise
    except Exception:
        internal_error("looking at a request")
        return None


def sync_send(call: Call, send: Callable[[], Any]) -> Any:
    """Send; what goes wrong ends the call and goes on to the caller."""
    token = _sending.set(call)
    try:
        return send()
    except BaseException as error:
        call.failed(error)
        raise
    finally:
        call.sending = False
        _sending.reset(token)


async def async_send(call: Call, send: Callable[[], Any]) -> Any:
    """The same for a coroutine function."""
    token = _sending.set(call)
    try:
        return await send()
    except BaseException as error:
        call.failed(error)
        raise
    finally:
        call.sending = False
        _sending.reset(token)


class Body(Protocol):
    """The body of a request of one library, and how to put another in its place.

    Attributes:
        headers: of the request, found by lower-case name.
        content: the body; None when it is not in memory.
    """

    headers: Any
    content: bytes | None

    def put(self, content: bytes) -> None:
        """Let the request have this body."""


AS_IT_IS: Final[contextlib.AbstractContextManager[None]] = contextlib.nullcontext()


@contextlib.contextmanager
def asked_for_usage(call: Call, wrap: Callable[[Any], Body], request: Any) -> Iterator[None]:
    """Have a request ask for the usage of its stream while it is sent; afterwards it is again as it was."""
    body = None
    try:
        body = wrap(request)
        own = body.content
        changed = asking.with_usage(own) if own and not asking.is_vouched_for(body.headers) else None
        if changed is not None:
            call.asked = True
            body.put(changed)
    except Exception:
        internal_error("asking for usage")
    try:
        yield
    finally:
        if call.asked and body is not None and body.content is not None:
            body.put(body.content)


def look(call: Call, attach: Callable[..., None], *response: Any) -> None:
    """Attach the call to its response; a defect in that ends the call and harms nobody."""
    try:
        attach(call, *response)
    except Exception:
        call.finish()
        internal_error("looking at a response")


def retries_of(headers: Any) -> str | None:
    """How often the SDK tried this call before, as SDKs of OpenAI's kind say it."""
    value = (
        headers.get("x-stainless-retry-count") if headers is not None and hasattr(headers, "get") else None
    )
    return value.decode("latin-1") if isinstance(value, bytes) else None if value is None else str(value)


def retries_of_aws(headers: Any) -> str | None:
    """The same, also as AWS's SDKs say it: `attempt=2; max=3`."""
    known = retries_of(headers)
    if known is not None or not isinstance(headers, Mapping):
        return known
    told = headers.get("amz-sdk-request") or ""
    told = told.decode("latin-1") if isinstance(told, bytes) else str(told)
    attempt = told.partition("attempt=")[2].partition(";")[0].strip()
    return str(int(attempt) - 1) if attempt.isascii() and attempt.isdigit() and attempt != "0" else None


class Patches:
    """Methods replaced on classes, each once, and put back."""

    def __init__(self) -> None:
        # By class object: after httpx2.alias_httpx() both module names lead to the same classes.
        self._originals: dict[tuple[type, str], tuple[Any, Any]] = {}

    @property
    def classes(self) -> list[str]:
        """The patched classes, by full name."""
        return sorted(f"{cls.__module__}.{cls.__qualname__}" for cls, _ in self._originals)

    def put(self, cls: type, name: str, make: Callable[[Any], Any]) -> None:
        """Replace a method by what `make` makes of it."""
        if (cls, name) in self._originals:
            return
        original = cls.__dict__[name]
        patch = functools.wraps(original)(make(original))
        self._originals[cls, name] = (original, patch)
        setattr(cls, name, patch)

    def remove(self) -> None:
        """Put the originals back, where our patch is still the outermost one."""
        for (cls, name), (original, patch) in self._originals.items():
            if cls.__dict__.get(name) is patch:
                setattr(cls, name, original)
        self._originals.clear()
