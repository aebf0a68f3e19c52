"""One spool file: opened under a lock, appended to line by line, sealed by rename."""

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def reason_of(error: OSError) -> str:
    """The loss reason, as in the record format, for a failed write."""
    return "disk_full" if error.errno in _FULL else "write_error"


class Segment:
    """An open segment of one process.

    Attributes:
        number: 1, 2, 3 … per process.
        size: bytes in the file, all of them whole lines.
        count: spans in the file.
        opened_at: monotonic seconds.
    """

    def __init__(self, path: Path, number: int, descriptor: int) -> None:
        self.path = path
        self.number = number
        self.size = 0
        self.count = 0
        self.first_sequence: int | None = None
        self.last_sequence: int | None = None
        self.opened_at = time.monotonic()
        self._descriptor = descriptor
        self._torn = False

    @classmethod
    def open(cls, folder: Path, process: str, number: int) -> "Segment":
        """Create `<process>-<number>.jsonl.open` and lock it.

        Raises:
            OSError: the folder or file cannot be made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{process}-{number:06d}.jsonl.open"
        # Locked before it gets its name: a reader never sees it without an owner.
        hidden = folder / f".{process}-{number:06d}.new"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                hidden.unlink()
            raise
        return cls(path, number, descriptor)

    def is_gone(self) -> bool:
        """Whether the file has been deleted: writes to it would succeed and vanish."""
        return os.fstat(self._descriptor).st_nlink == 0

    def write(self, line: bytes, sequence: int | None = None) -> None:
        """Append one line with one system call, all of it or nothing.

        Args:
            line: a record, ending in a newline.
            sequence: the span's number; None for other records.

        Raises:
            OSError: the disk is full or fails; the line is not in the file.
        """
        if self._torn:
            self._cut()
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            self._cut()
            raise
        if written != len(line):
            # What does not fit whole must not stay in part.
            self._torn = True
            self._cut()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written
        if sequence is not None:
            self.count += 1
            if self.first_sequence is None or sequence < self.first_sequence:
                self.first_sequence = sequence
            if self.last_sequence is None or sequence > self.last_sequence:
                self.last_sequence = sequence

    def _cut(self) -> None:
        """Remove a partial line; if even that fails, the next write tries again before it writes."""
        if self._torn:
            os.ftruncate(self._descriptor, self.size)
            self._torn = False

    def sync(self) -> None:
        """Wait until the disk has what was written.

        Raises:
            OSError: the disk fails.
        """
        os.fsync(self._descriptor)

    def seal(self, trailer: bytes, synced: bool = False) -> None:
        """Write the trailer, give the file its final name and let go of it.

        Args:
            trailer: the last line.
            synced: wait for the disk, the name included.

        Raises:
            OSError: the trailer does not fit; the segment stays open.
        """
        self.write(trailer)
        if synced:
            self.sync()
        # Where the folder was moved meanwhile the name stays; readers take such a file as it is.
        with contextlib.suppress(OSError):
            self.path.rename(self.path.with_suffix(""))
            if synced:
                sync_folder(self.path.parent)
        self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder: a synced file without its name would be lost with the power.

    Raises:
        OSError: the disk fails.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
