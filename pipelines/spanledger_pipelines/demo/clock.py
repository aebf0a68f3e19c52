"""The demo's clock, named to the SDK by `SPANLEDGER_CLOCK`: calls happen when the plan says.

Every reading inside a call moves on by a fixed step, so that two runs of the demo report the same instants
and durations although the stand-in answers within milliseconds. Outside a call it is the last instant seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class _Hands:
    next_reading: int
    step: int


_hands: ContextVar[_Hands | None] = ContextVar("demo_clock", default=None)
_latest = 0


@contextmanager
def at(start_unix_nano: int, step_nano: int) -> Iterator[None]:
    """Within the block the first reading is `start_unix_nano`, and each further one is `step_nano` later."""
    token = _hands.set(_Hands(start_unix_nano, step_nano))
    try:
        yield
    finally:
        _hands.reset(token)


def now_unix_nano() -> int:
    """UTC nanoseconds since 1970, as the SDK's documented clock setting asks for."""
    global _latest
    hands = _hands.get()
    if hands is None:
        return _latest
    reading = hands.next_reading
    hands.next_reading += hands.step
    _latest = max(_latest, reading)
    return reading
