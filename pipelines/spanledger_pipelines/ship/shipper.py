"""Rounds over a spool: each sealed segment is sent, and let go of once it is acknowledged; failures wait and retry."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spanledger_pipelines.ship.spool import Spool
from spanledger_pipelines.ship.targets import NeverError, Target, TryLaterError

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


@dataclass
class Round:
    """What one round did.

    Attributes:
        sent: segments acknowledged.
        refused: segments that will never be taken, now in `refused/`.
        left: segments still to send.
        after: seconds that the receiver asked us to wait, if it did.
        failed: whether one was put off.
    """

    sent: int = 0
    refused: int = 0
    left: int = 0
    after: float | None = None
    failed: bool = False


class Shipper:
    """Sends segments.

    Args:
        spool: held by us.
        target: where they go.
        say: takes a sentence for the log.
    """

    def __init__(self, spool: Spool, target: Target, say: Callable[[str], None]) -> None:
        self._spool = spool
        self._target = target
        self._say = say
        self._last_said = ""

    def once(self, stop: threading.Event | None = None) -> Round:
        """Send what is sealed now, each segment once."""
        done = Round()
        segments = self._spool.sealed()
        for number, segment in enumerate(segments):
            if stop is not None and stop.is_set():
                done.left += len(segments) - number
                break
            try:
                self._send(segment, done)
            except TryLaterError as error:
                done.failed = True
                done.after = error.after if done.after is None else done.after
                self._say_once(f"{segment.name} stays in the spool: {error}")
                if not error.this_only:
                    # Who does not answer for one will not for the next.
                    done.left += len(segments) - number
                    break
                done.left += 1
        return done

    def forever(self, stop: threading.Event, interval: float) -> None:
        """Send until told to stop, then once more; wait longer after failures, and as long as the receiver asks."""
        failures = 0
        while not stop.is_set():
            done = self.once(stop)
            failures = failures + 1 if done.failed else 0
            if done.sent:
                self._last_said = ""
            stop.wait(_wait(failures, done.after, interval))
        self.last()

    def last(self) -> Round:
        """Send what is there at the end: a sidecar outlives its service, but their volume may not outlive the pod."""
        self._spool.settle()
        return self.once()

    def _send(self, segment: Path, done: Round) -> None:
        try:
            content = segment.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise TryLaterError(f"it cannot be read: {error}", this_only=True) from error
        try:
            if content:
                self._target.send(segment.name, content)
        except NeverError as error:
            kept = self._spool.refused(segment)
            done.refused += 1
            self._say(f"{segment.name} was refused and is kept as {kept}: {error}")
            return
        self._spool.acknowledged(segment)
        done.sent += 1

    def _say_once(self, words: str) -> None:
        """An outage is worth one line, not one a second."""
        reason = words.partition(": ")[2]
        if reason != self._last_said:
            self._last_said = reason
            self._say(words)


def _wait(failures: int, after: float | None, interval: float) -> float:
    if not failures:
        return interval
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 10))
    # Many shippers of one outage should not come back in step.
    jitter = random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
    return max(wait * jitter, after or 0.0)
