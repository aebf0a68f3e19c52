"""Gives records to this process's spool files before the caller goes on, and never lets a disk hold the caller.

A thread of its own does the writing. A caller queues its line and waits until the kernel has it: some 20 µs, and
`stall_seconds` at most, since a system call that hangs cannot be taken back by whoever makes it.
"""

import os
import threading
import time
from _thread import LockType, allocate_lock
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from spanledger.diagnostics import internal_error, warn_once
from spanledger.identity import Identity
from spanledger.rotation import Rotation
from spanledger.segment import reason_of
from spanledger.settings import Clock

QUEUE_LINES: Final = 10_000
QUEUE_BYTES: Final = 32 << 20
# How long a failed disk is left alone, and how long flush() and the end of the process wait for a slow one.
_RETRY_AFTER: Final = 1.0
_PATIENCE: Final = 5.0


class _Queued:
    """A line on its way, and the lock that its caller waits on."""

    __slots__ = ("line", "sequence", "waiting")

    def __init__(self, sequence: int, line: bytes, waiting: LockType | None) -> None:
        self.sequence = sequence
        self.line = line
        self.waiting = waiting

    def release(self) -> None:
        """Let the caller go on."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.release()


class Spool:
    """The spool of one identity.

    Args:
        folder: where segments go; created with the first record.
        identity: whose records these are.
        service: `service.name` for loss records and trailers, or None.
        segment_bytes: a segment is sealed once it is this long.
        segment_seconds: a segment is sealed once it is this old.
        clock: UTC nanoseconds since 1970.
        fsync: `none`, `interval` or `always`.
        stall_seconds: how long a caller waits for the disk at most.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        service: str | None,
        segment_bytes: int,
        segment_seconds: float,
        clock: Clock,
        fsync: str = "none",
        stall_seconds: float = 0.1,
    ) -> None:
        self.folder = folder
        self._stall = stall_seconds
        self._always = fsync == "always"

        def make(owner: Identity) -> Rotation:
            return Rotation(folder, owner, service, segment_bytes, segment_seconds, fsync, clock)

        self._make = make
        self._start(identity)

    def _start(self, identity: Identity) -> None:
        self._identity = identity
        self._files = self._make(identity)
        self._queue: deque[_Queued] = deque()
        self._queued_bytes = 0
        # Held by whoever works on the files: the writer, or after close() the caller.
        self._working = threading.Lock()
        self._owner: int | None = None
        self._busy_since: float | None = None
        self._commands: deque[tuple[Callable[[], None], list[bool], LockType]] = deque()
        self._wake = allocate_lock()
        self._wake.acquire()
        self._starting = threading.RLock()
        self._writer: threading.Thread | None = None
        self._writer_id: int | None = None
        self._resting = False
        self._closed = False
        self._failure: str | None = None
        self._retry_at = 0.0

    def append(self, sequence: int, line: bytes) -> None:
        """Write one record; returns when it is written, or queued because the disk fails or hangs.

        Args:
            sequence: the call's number.
            line: its record, ending in a newline.
        """
        if self._is_full(line):
            # The disk may be well again, with nobody having looked yet.
            if self._may_wait():
                self._command(_nothing, self._stall)
            if self._is_full(line):
                self.lost(sequence, self._failure or "queue_full")
                return
        done = None
        if self._may_wait():
            done = allocate_lock()
            done.acquire()
        item = _Queued(sequence, line, done)
        self._queued_bytes += len(line)
        self._queue.append(item)
        if not self._nudge():
            self._work_here()
        elif done is None or not done.acquire(True, self._stall):
            self._files.late += 1
            if done is not None:
                self._stalled()

    def _is_full(self, line: bytes) -> bool:
        return len(self._queue) >= QUEUE_LINES or self._queued_bytes + len(line) > QUEUE_BYTES

    def lost(self, sequence: int, reason: str) -> None:
        """Count a call that will have no record."""
        self._identity.settle(sequence)
        self._files.losses.add(reason)

    def flush(self) -> bool:
        """Write what is queued and seal the segment, so that readers see it; True when nothing is left."""
        return self._command(self._files.seal) and not self._queue

    def close(self) -> bool:
        """Seal the last segment with `closed: true` and stop; True when nothing is left over."""
        done = self._command(self._files.close) and not self._queue
        self._closed = True
        self._ring()
        if self._queue:
            warn_once(
                "unwritten", "Spanledger could not write %d records to %s.", len(self._queue), self.folder
            )
        return done

    def rest(self) -> None:
        """Seal the segment and let the writer end, for the process is about to fork; the next call starts another.

        A fork with threads may deadlock its child, and Python says so; ours is no reason for that. A disk that hangs
        is not waited for.
        """
        writer = self._writer
        if self._writer_id is None or writer is None or writer is threading.current_thread():
            return
        self._command(self._files.seal, self._stall)
        self._resting = True
        self._ring()
        writer.join(self._stall)
        self._resting = False

    def restart(self, identity: Identity) -> None:
        """Begin anew in a forked child: the parent keeps its file, its queue, its losses and its writer."""
        self._files.abandon()
        self._start(identity)

    def _may_wait(self) -> bool:
        # Whoever interrupted the writer itself (a signal handler, a finaliser) leaves the line to it.
        here = threading.get_ident()
        if here in (self._writer_id, self._owner):
            return False
        busy, retry_at = self._busy_since, self._retry_at
        if busy is None and not retry_at:
            return True
        now = time.monotonic()
        return now >= retry_at and (busy is None or now - busy < self._stall)

    def _stalled(self) -> None:
        warn_once(
            "stalled",
            "A write to Spanledger's spool %s takes longer than %g s. Calls go on without waiting for it; their "
            "records wait in memory, up to %d, until the disk answers.",
            self.folder,
            self._stall,
            QUEUE_LINES,
        )

    def _nudge(self) -> bool:
        """Wake the writer; False when there is none and none can be started."""
        if self._closed or (self._writer_id is None and not self._start_writer()):
            return False
        self._ring()
        return True

    def _ring(self) -> None:
        try:
            self._wake.release()
        except RuntimeError:
            """Released already: the writer has yet to look, and will find this line too."""

    def _start_writer(self) -> bool:
        with self._starting:
            if self._writer_id is None:
                writer = threading.Thread(target=self._write, name="spanledger-spool", daemon=True)
                try:
                    writer.start()
                except RuntimeError:  # no more threads, or the interpreter is ending
                    return False
                self._writer, self._writer_id = writer, writer.ident
        return True

    def _command(self, action: Callable[[], None], patience: float | None = None) -> bool:
        """Have the writer do something after what is queued; True when it is done."""
        if threading.get_ident() in (self._owner, self._writer_id):
            return False
        self._retry_at = 0.0
        done, result = allocate_lock(), [False]
        done.acquire()
        self._commands.append((action, result, done))
        if self._closed or self._writer_id is None:
            self._work_here()
        else:
            self._ring()
        return done.acquire(True, _PATIENCE if patience is None else patience) and result[0]

    def _write(self) -> None:
        """The writer's life."""
        while not self._closed:
            woken = self._wake.acquire(True, self._pause())
            with self._working:
                self._work()
                if not woken:
                    self._attempt(self._files.keep)
            if self._resting and self._may_end():
                return

    def _may_end(self) -> bool:
        with self._starting:
            # Whoever comes from here on starts another writer; whoever came before is seen.
            self._writer_id = None
            if not self._queue and not self._commands:
                return True
            self._writer_id = threading.get_ident()
            return False

    def _pause(self) -> float:
        """Seconds until there is something to do unasked; -1 for never."""
        due = self._retry_at if self._queue else self._files.due()
        if due is None:
            return -1
        return min(max(max(due, self._retry_at) - time.monotonic(), 0.0), 3600.0)

    def _work_here(self) -> None:
        """Without a writer, and after close(), the caller does it."""
        if self._owner == threading.get_ident() or not self._working.acquire(timeout=_PATIENCE):
            return
        try:
            self._work()
        finally:
            self._working.release()

    def _work(self) -> None:
        self._owner = threading.get_ident()
        self._busy_since = now = time.monotonic()
        try:
            if now >= self._retry_at:
                self._attempt(self._drain)
            while self._commands:
                action, result, done = self._commands.popleft()
                result[0] = self._attempt(action)
                done.release()
        finally:
            self._owner = self._busy_since = None

    def _drain(self) -> None:
        queue, files = self._queue, self._files
        unsynced: list[_Queued] = []
        try:
            while queue:
                item = queue[0]
                files.write(item.sequence, item.line)
                queue.popleft()
                self._queued_bytes = self._queued_bytes - len(item.line) if queue else 0
                self._identity.settle(item.sequence)
                if self._always:
                    unsynced.append(item)
                else:
                    item.release()
                if queue:
                    self._busy_since = time.monotonic()
            files.sync()
            self._failure, self._retry_at = None, 0.0
        except OSError as error:
            # Before anybody goes on: the next caller must know that there is nothing to wait for.
            self._failed(error)
        finally:
            # One sync for all that came together. Where it failed, nobody waits for the next try.
            if unsynced or queue:
                for item in (*unsynced, *queue):
                    item.release()

    def _attempt(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except OSError as error:
            self._failed(error)
            return False
        except Exception:
            self._retry_at = time.monotonic() + _RETRY_AFTER
            internal_error("writing to the spool")
            return False
        return True

    def _failed(self, error: OSError) -> None:
        self._failure = reason = reason_of(error)
        self._retry_at = time.monotonic() + _RETRY_AFTER
        warn_once(
            reason,
            "Spanledger cannot write to %s (%s). Records wait in memory, up to %d, until it works again.",
            self.folder,
            error.strerror or os.strerror(error.errno or 0),
            QUEUE_LINES,
        )


def _nothing() -> None:
    """A command that only waits for its turn."""
