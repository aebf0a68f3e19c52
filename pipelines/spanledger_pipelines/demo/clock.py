"""The demo's clock, named to the SDK by `SPANLEDGER_CLOCK`: a call happens when the plan says.

How long it takes is not planned: the SDK measures that itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_planned: ContextVar[int | None] = ContextVar("demo_clock", default=None)
_latest = 0


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Within the block it is `instant`, in this thread or task and in those it starts."""
    global _latest
    since = instant - _EPOCH
    nanoseconds = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    _latest = max(_latest, nanoseconds)
    token = _planned.set(nanoseconds)
    try:
        yield
    finally:
        _planned.reset(token)


def now_unix_nano() -> int:
    """UTC nanoseconds since 1970, as the SDK asks for; outside a call, that of the latest call."""
    planned = _planned.get()
    return _latest if planned is None else planned
