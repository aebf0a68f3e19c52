"""For a service's own tests: capture LLM calls in memory and look at their records."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spanledger import lifecycle, settings
from spanledger.identity import Identity


class Captured:
    """Records of the calls made inside `capture()`, oldest first.

    Attributes:
        calls: one mapping per ended call, with the keys of the record format.
        losses: calls without a record, by reason; anything here is a defect.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.losses: Counter[str] = Counter()
        self._identity: Identity | None = None

    def append(self, sequence: int, line: bytes) -> None:
        """Take one record."""
        self.calls.append(json.loads(line))
        if self._identity is not None:
            self._identity.settle(sequence)

    def lost(self, sequence: int, reason: str) -> None:
        """Count a call without a record."""
        self.losses[reason] += 1
        if self._identity is not None:
            self._identity.settle(sequence)

    def flush(self) -> bool:
        """Nothing waits."""
        return True

    def close(self) -> bool:
        """Nothing is left over."""
        return True

    def rest(self) -> None:
        """No thread works here."""

    def restart(self, identity: Identity) -> None:
        """A forked child starts with nothing."""
        self.calls.clear()
        self._identity = identity


@contextmanager
def capture(**settings_given: Any) -> Iterator[Captured]:
    """Capture the calls made inside, without touching the disk.

    Works whether or not the process is instrumented already: what is captured here does not reach the spool.

    Args:
        **settings_given: as for `instrument()`; unused while the process is instrumented already.

    Yields:
        The captured calls, growing as they end.
    """
    captured = Captured()
    running = lifecycle.active()
    if running is None:
        chosen = settings.resolve({"disabled": False, **settings_given})
        lifecycle.start(chosen, captured)
        try:
            started = lifecycle.active()
            captured._identity = started.identity if started is not None else None
            yield captured
        finally:
            lifecycle.uninstrument()
        return
    captured._identity = running.identity
    outer, running.sink = running.sink, captured
    try:
        yield captured
    finally:
        running.sink = outer
