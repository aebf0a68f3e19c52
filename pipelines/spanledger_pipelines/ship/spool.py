"""The shipper's side of a spool: one shipper at a time, sealed segments in, acknowledged ones out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.landing.discovery import GRACE_SECONDS, OPEN_SUFFIX, RECORD_SUFFIX, seal_abandoned

LOCK = ".ship.lock"
SENT, REFUSED = "sent", "refused"


class Spool:
    """A spool held by one shipper, as a context manager.

    Args:
        folder: the spool; made when it is not there, for a sidecar may start before its service.
        keep: move acknowledged segments to `sent/` instead of deleting them.

    Raises:
        ConfigurationError: another shipper holds it, or it cannot be written.
    """

    def __init__(self, folder: Path, *, keep: bool = False) -> None:
        self.folder = folder
        self._keep = keep
        self._lock: int | None = None

    def __enter__(self) -> Spool:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"another spanledger ship works on {self.folder}; one is enough, stop the other first"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"the spool {self.folder} cannot be written: {error}; the shipper deletes what it sent, "
                "so give it the right to"
            ) from error
        return self

    def __exit__(self, *_error: object) -> None:
        if self._lock is not None:
            os.close(self._lock)

    def settle(self) -> None:
        """Wait until the open file of a service that has just died may be sealed."""
        if any(self.folder.glob(f"*{RECORD_SUFFIX}{OPEN_SUFFIX}")):
            time.sleep(GRACE_SECONDS)

    def sealed(self) -> list[Path]:
        """Segments to send, oldest first; what dead writers left open is sealed on the way."""
        seal_abandoned(self.folder)
        found = []
        for path in self.folder.glob(f"*{RECORD_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found)]

    def acknowledged(self, segment: Path) -> None:
        """The receiver has it."""
        if self._keep:
            self._move(segment, SENT)
        else:
            segment.unlink(missing_ok=True)

    def refused(self, segment: Path) -> Path:
        """The receiver will never take it; it is kept to be looked at."""
        return self._move(segment, REFUSED)

    def _move(self, segment: Path, folder: str) -> Path:
        target = self.folder / folder / segment.name
        target.parent.mkdir(exist_ok=True)
        segment.rename(target)
        return target
