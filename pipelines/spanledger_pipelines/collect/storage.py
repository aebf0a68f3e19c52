"""Record files in the landing zone, written durably by one thread: a future is done when its bytes are on disk.

Requests that wait together are written and synced together (group commit), so that the cost of a sync is shared. The
file is `<32 hex digits>-<number>.jsonl.open` under an exclusive lock while it grows, as the record format says, and is
sealed by rename when it is old or long enough; the loader takes it up to the last whole line should we die.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import threading
import time
from concurrent.futures import Future
from pathlib import Path

OPEN = ".open"
_GROUP_BYTES = 32 << 20
# Beyond this much on its way to the disk, whoever has more waits.
_QUEUE_BYTES = 64 << 20


def sync(descriptor: int) -> None:
    """Make a file's bytes durable; on macOS a plain sync stops at the disk's own cache."""
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        fcntl.fcntl(descriptor, full)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably."""
    missing = [folder, *folder.parents]
    missing = [one for one in missing if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


def recover(folder: Path) -> list[Path]:
    """Seal what an earlier receiver left open: a torn last line was never acknowledged and is cut off."""
    sealed = []
    for path in sorted(folder.glob(f"*.jsonl{OPEN}")):
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _cut_torn_line(descriptor)
                target = path.with_suffix("")
                path.rename(target)
                sealed.append(target)
            except BlockingIOError:
                pass  # another receiver is alive and writes to it
            finally:
                os.close(descriptor)
    for leftover in folder.glob(".*.part"):
        if time.time() - leftover.stat().st_mtime > 3600:
            leftover.unlink(missing_ok=True)
    return sealed


def _cut_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    end = size
    while end:
        start = max(0, end - 65536)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline != -1:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
        sync(descriptor)


class RecordFile:
    """One open file of records."""

    def __init__(self, folder: Path, process: str, number: int) -> None:
        self.path = folder / f"{process}-{number:06d}.jsonl{OPEN}"
        self.size = 0
        self.opened_at = time.monotonic()
        hidden = folder / f".{process}-{number:06d}.new"
        self._descriptor = os.open(
            hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640
        )
        # Locked before it gets its name: the loader never sees it without an owner.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self.path)
        sync_folder(folder)

    def append(self, content: bytes) -> None:
        """Write whole lines durably.

        Raises:
            OSError: they are not, or not surely, on disk; the file must not be used again.
        """
        left = memoryview(content)
        while left:
            left = left[os.write(self._descriptor, left) :]
        sync(self._descriptor)
        self.size += len(content)

    def seal(self) -> Path:
        """Give the file its final name. The open name was durable already, so nothing depends on this one."""
        target = self.path.with_suffix("")
        with contextlib.suppress(
            FileNotFoundError
        ):  # moved away while open; its bytes are where they were moved
            self.path.rename(target)
        os.close(self._descriptor)
        return target

    def give_up(self) -> None:
        """Cut what was not acknowledged, as far as the disk lets us, and seal the rest."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self.size)
            sync(self._descriptor)
        with contextlib.suppress(OSError):
            if self.size:
                self.seal()
            else:
                self.path.unlink()
                os.close(self._descriptor)


class Committer:
    """The thread that writes.

    Args:
        folder: where the files go; made when it is not there.
        seal_seconds: a file is sealed at this age, so that the loader sees it.
        seal_bytes: or at this length.

    Attributes:
        failure: why the last commit failed; None when it did not.
        commits: how many syncs were made.
        bytes_written: bytes acknowledged.
    """

    def __init__(self, folder: Path, *, seal_seconds: float = 10.0, seal_bytes: int = 64 << 20) -> None:
        self.folder = folder
        self.failure: str | None = None
        self.commits = 0
        self.bytes_written = 0
        self._seal_seconds = seal_seconds
        self._seal_bytes = seal_bytes
        self._process = os.urandom(16).hex()
        self._number = 0
        self._file: RecordFile | None = None
        self._queue: queue.SimpleQueue[tuple[bytes, Future[None]] | None] = queue.SimpleQueue()
        self._queued = 0
        self._room = threading.Condition()
        make_folder(folder)
        recover(folder)
        self._thread = threading.Thread(target=self._work, name="spanledger-commit", daemon=True)
        self._thread.start()

    def submit(self, lines: bytes) -> Future[None]:
        """Queue lines; the future is done when they are durable, and raises OSError when they are not.

        Waits while too many bytes are on their way to the disk, so that a slow one fills no memory.
        """
        future: Future[None] = Future()
        with self._room:
            self._room.wait_for(lambda: self._queued < _QUEUE_BYTES)
            self._queued += len(lines)
        self._queue.put((lines, future))
        return future

    def close(self) -> None:
        """Write what is queued and seal the file."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        closing = False
        while not closing:
            group, closing = self._next_group()
            if group:
                self._commit(group)
                with self._room:
                    self._queued -= sum(len(lines) for lines, _ in group)
                    self._room.notify_all()
            file = self._file
            if file is not None and (closing or self._is_due(file)):
                self._file = None
                with contextlib.suppress(OSError):
                    file.seal()

    def _is_due(self, file: RecordFile) -> bool:
        return file.size >= self._seal_bytes or time.monotonic() - file.opened_at >= self._seal_seconds

    def _next_group(self) -> tuple[list[tuple[bytes, Future[None]]], bool]:
        """What waits, up to a size; and whether it is the last."""
        file = self._file
        wait = None if file is None else max(0.0, file.opened_at + self._seal_seconds - time.monotonic())
        group: list[tuple[bytes, Future[None]]] = []
        size = 0
        try:
            item = self._queue.get(timeout=wait)
            while item is not None:
                group.append(item)
                size += len(item[0])
                if size >= _GROUP_BYTES:
                    return group, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _commit(self, group: list[tuple[bytes, Future[None]]]) -> None:
        try:
            if self._file is None:
                self._number += 1
                make_folder(self.folder)
                self._file = RecordFile(self.folder, self._process, self._number)
            self._file.append(b"".join(lines for lines, _ in group))
        except OSError as error:
            self.failure = f"cannot write to {self.folder}: {error.strerror or error}"
            # After a failed sync nobody knows what is on disk: never go on in this file.
            if self._file is not None:
                self._file.give_up()
                self._file = None
            for _, future in group:
                future.set_exception(OSError(self.failure))
            return
        self.failure = None
        self.commits += 1
        self.bytes_written += sum(len(lines) for lines, _ in group)
        for _, future in group:
            future.set_result(None)
