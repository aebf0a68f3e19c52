"""Writes records to this process's spool files: one whole line per write, before the caller goes on."""

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from spanledger import records
from spanledger.diagnostics import internal_error, warn_once
from spanledger.identity import Identity
from spanledger.segment import Segment, reason_of
from spanledger.settings import Clock

QUEUE_LINES: Final = 10_000
QUEUE_BYTES: Final = 32 << 20
# How long a caller waits for a colleague who is stuck in a write, and how long a failed disk is left alone.
_PATIENCE: Final = 1.0
_RETRY_AFTER: Final = 1.0


class Spool:
    """The spool of one identity.

    Lines are queued, then written by whoever holds the lock. Normally the queue holds one line, the caller's
    own, and `append` returns once the kernel has it. The queue grows only while writing fails.

    Args:
        folder: where segments go; created with the first record.
        identity: whose records these are.
        service: `service.name` for loss records and trailers, or None.
        segment_bytes: a segment is sealed once it is this long.
        segment_seconds: a segment is sealed once it is this old.
        clock: UTC nanoseconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        service: str | None,
        segment_bytes: int,
        segment_seconds: float,
        clock: Clock,
    ) -> None:
        self.folder = folder
        self._service = service
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._clock = clock
        self._start(identity)

    def _start(self, identity: Identity) -> None:
        self._identity = identity
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._queued_bytes = 0
        self._segment: Segment | None = None
        self._number = 0
        self._highest = 0
        self._losses: Counter[str] = Counter()
        self._dropped = 0
        self._failure: str | None = None
        self._retry_at = 0.0
        self._housekeeper: threading.Thread | None = None
        self._closing = threading.Event()

    def append(self, sequence: int, line: bytes) -> None:
        """Write one record; returns when it is written, or queued because the disk fails.

        Args:
            sequence: the call's number.
            line: its record, ending in a newline.
        """
        if self._is_full(line):
            self._work()
            if self._is_full(line):
                self.lost(sequence, self._failure or "queue_full")
                return
        self._queue.append((sequence, line))
        self._queued_bytes += len(line)
        self._work()

    def _is_full(self, line: bytes) -> bool:
        return len(self._queue) >= QUEUE_LINES or self._queued_bytes + len(line) > QUEUE_BYTES

    def lost(self, sequence: int, reason: str) -> None:
        """Count a call that will have no record."""
        self._identity.settle(sequence)
        self._losses[reason] += 1
        self._dropped += 1

    def flush(self) -> bool:
        """Write what is queued and seal the segment, so that readers see it; True when nothing is left."""
        self._retry_at = 0.0
        return self._hold(self._seal) and not self._queue

    def close(self) -> bool:
        """Seal the last segment with `closed: true` and stop; True when nothing is left over."""
        self._closing.set()
        self._retry_at = 0.0
        done = self._hold(self._close) and not self._queue
        if self._queue:
            warn_once(
                "unwritten", "Spanledger could not write %d records to %s.", len(self._queue), self.folder
            )
        return done

    def restart(self, identity: Identity) -> None:
        """Begin anew in a forked child: the parent keeps its file, its queue and its losses."""
        segment = self._segment
        if segment is not None:
            segment.abandon()
        self._start(identity)

    def _work(self) -> None:
        # Whoever interrupted the lock's own thread (a signal handler, a finaliser) leaves the line to it.
        while self._queue and time.monotonic() >= self._retry_at:
            if self._owner == threading.get_ident() or not self._lock.acquire(timeout=_PATIENCE):
                return
            self._owner = threading.get_ident()
            try:
                self._drain()
            finally:
                self._owner = None
                self._lock.release()

    def _hold(self, action: Callable[[], None]) -> bool:
        if self._owner == threading.get_ident() or not self._lock.acquire(timeout=5 * _PATIENCE):
            return False
        self._owner = threading.get_ident()
        try:
            self._drain()
            action()
        except OSError as error:
            self._failed(error)
            return False
        finally:
            self._owner = None
            self._lock.release()
        return True

    def _drain(self) -> None:
        try:
            while self._queue:
                sequence, line = self._queue[0]
                segment = self._ready()
                segment.write(line, sequence)
                self._failure = None
                self._queue.popleft()
                self._queued_bytes -= len(line)
                self._highest = max(self._highest, sequence)
                self._identity.settle(sequence)
                if segment.size >= self._segment_bytes:
                    self._seal()
        except OSError as error:
            self._failed(error)
        except Exception:
            self._retry_at = time.monotonic() + _RETRY_AFTER
            internal_error("writing to the spool")

    def _ready(self) -> Segment:
        segment = self._segment
        if segment is not None and segment.is_gone():
            # Somebody removed the file: what was in it is lost, what comes is not.
            self._segment = None
            segment.abandon()
            if segment.count:
                self._losses["write_error"] += segment.count
                self._dropped += segment.count
            warn_once(
                "removed",
                "Spanledger's open spool file in %s was removed; its records are lost.",
                self.folder,
            )
            segment = None
        if segment is not None and time.monotonic() - segment.opened_at >= self._segment_seconds:
            self._seal()
            segment = None
        if segment is None:
            segment = self._open()
        if self._losses:
            self._write_losses(segment)
        return segment

    def _open(self) -> Segment:
        self._segment = Segment.open(self.folder, self._identity.process, self._number + 1)
        self._number += 1
        if self._housekeeper is None and not self._closing.is_set():
            self._housekeeper = threading.Thread(
                target=self._keep_house, name="spanledger-spool", daemon=True
            )
            self._housekeeper.start()
        return self._segment

    def _write_losses(self, segment: Segment) -> None:
        for reason, count in list(self._losses.items()):
            segment.write(records.loss(self._identity.process, self._service, self._clock(), reason, count))
            self._losses[reason] -= count
            if not self._losses[reason]:
                del self._losses[reason]

    def _seal(self, closed: bool = False) -> None:
        segment = self._segment
        if segment is None:
            return
        in_flight = sorted(list(self._identity.in_flight))  # noqa: C414  # list() copies in one step
        trailer = records.Trailer(
            process=self._identity.process,
            service=self._service,
            segment=segment.number,
            first_sequence=segment.first_sequence,
            last_sequence=segment.last_sequence,
            count=segment.count,
            dropped=self._dropped,
            issued=max(self._highest, in_flight[-1] if in_flight else 0),
            in_flight=in_flight,
            closed=closed,
            sealed_at=self._clock(),
        )
        segment.seal(trailer.encode())
        self._segment = None

    def _close(self) -> None:
        if self._number and self._segment is None:
            self._open()
        if self._segment is not None and self._losses:
            self._write_losses(self._segment)
        self._seal(closed=True)

    def _failed(self, error: OSError) -> None:
        self._failure = reason = reason_of(error)
        self._retry_at = time.monotonic() + _RETRY_AFTER
        warn_once(
            reason,
            "Spanledger cannot write to %s (%s). Records wait in memory, up to %d, until it works again.",
            self.folder,
            error.strerror or error,
            QUEUE_LINES,
        )

    def _keep_house(self) -> None:
        """Seal by age and retry a failed disk also while no call comes by."""
        wait = min(self._segment_seconds, 5.0)
        while not self._closing.wait(wait):
            with contextlib.suppress(Exception):
                segment = self._segment
                due = segment is not None and time.monotonic() - segment.opened_at >= self._segment_seconds
                if due or self._queue:
                    self._hold(self._seal if due else lambda: None)
