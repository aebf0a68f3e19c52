"""The private folder of one server process, and the removal of those that dead ones left behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_LOCK = ".lock"


class ServerFolder:
    """A folder that this process alone uses, held by a lock that dies with the process.

    Args:
        parent: where servers of this home keep theirs; leftovers in it are removed.
    """

    def __init__(self, parent: Path) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_leftovers(parent)
        self.path = Path(tempfile.mkdtemp(prefix="server-", dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder."""
        if self.path.exists():
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob("server-*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR)
        except OSError:  # just made by another server, or half removed by one
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
