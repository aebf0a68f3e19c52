"""The spool files of one process one after the other: opened, rotated, synced and sealed, losses told.

Nothing here is safe for two threads at once; the spool sees to that.
"""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

from spanledger import records
from spanledger.diagnostics import warn_once
from spanledger.identity import Identity
from spanledger.segment import Segment, sync_folder
from spanledger.settings import Clock

# Under `interval`, what a power cut can take.
SYNC_SECONDS: Final = 1.0


class Losses:
    """Counts calls without a record, from any thread, a signal handler or a finaliser."""

    def __init__(self) -> None:
        # Re-entrant, and held for an addition only: whoever interrupts its holder gets through.
        self._lock = threading.RLock()
        self._untold: Counter[str] = Counter()
        self.total = 0

    def add(self, reason: str, count: int = 1) -> None:
        """Count calls that will have no record."""
        with self._lock:
            self._untold[reason] += count
            self.total += count

    def untold(self) -> list[tuple[str, int]]:
        """What no `loss` record has said yet."""
        return list(self._untold.items()) if self._untold else []

    def told(self, reason: str, count: int) -> None:
        """A `loss` record says so now."""
        with self._lock:
            self._untold[reason] -= count
            if not self._untold[reason]:
                del self._untold[reason]


class Rotation:
    """Writes the lines of one identity into its segments.

    Args:
        folder: where segments go; created with the first record.
        identity: whose records these are.
        service: `service.name` for loss records and trailers, or None.
        segment_bytes: a segment is sealed once it is this long.
        segment_seconds: a segment is sealed once it is this old.
        fsync: `none`, `interval` or `always`.
        clock: UTC nanoseconds since 1970.

    Attributes:
        late: calls that went on before their record was written.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        service: str | None,
        segment_bytes: int,
        segment_seconds: float,
        fsync: str,
        clock: Clock,
    ) -> None:
        self.folder = folder
        self.losses = Losses()
        self.late = 0
        self._identity = identity
        self._service = service
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._fsync = fsync
        self._clock = clock
        self._segment: Segment | None = None
        self._number = 0
        self._highest = 0
        self._unsynced_since: float | None = None

    def write(self, sequence: int, line: bytes) -> None:
        """Append one record, in a new segment where the present one is old, or gone.

        Raises:
            OSError: the disk is full or fails; the record is not in a file.
        """
        segment = self._ready()
        segment.write(line, sequence)
        if sequence > self._highest:
            self._highest = sequence
        if self._unsynced_since is None and self._fsync != "none":
            self._unsynced_since = time.monotonic()
        if segment.size >= self._segment_bytes:
            self.seal()

    def sync(self) -> None:
        """Sync what the policy wants synced by now.

        Raises:
            OSError: the disk fails.
        """
        since = self._unsynced_since
        if since is None or self._segment is None:
            return
        if self._fsync == "always" or time.monotonic() - since >= SYNC_SECONDS:
            self._segment.sync()
            self._unsynced_since = None

    def due(self) -> float | None:
        """Monotonic seconds at which `keep()` has something to do; None while it has nothing."""
        segment = self._segment
        if segment is None:
            return None
        sealing = segment.opened_at + self._segment_seconds
        if self._unsynced_since is not None:
            return min(sealing, self._unsynced_since + SYNC_SECONDS)
        return sealing

    def keep(self) -> None:
        """Seal by age and sync by interval, also while no call comes by.

        Raises:
            OSError: the disk fails.
        """
        segment = self._segment
        if segment is not None and time.monotonic() - segment.opened_at >= self._segment_seconds:
            self.seal()
        self.sync()

    def seal(self, closed: bool = False) -> None:
        """Write the trailer of the open segment and give the file its final name.

        Raises:
            OSError: the disk is full or fails; the segment stays open.
        """
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
            dropped=self.losses.total,
            issued=max(self._highest, in_flight[-1] if in_flight else 0),
            in_flight=in_flight,
            closed=closed,
            sealed_at=self._clock(),
            late=self.late,
        )
        segment.seal(trailer.encode(), synced=self._fsync != "none")
        self._segment = None
        self._unsynced_since = None

    def close(self) -> None:
        """Seal the last segment with `closed: true`.

        Raises:
            OSError: the disk is full or fails.
        """
        if self._number and self._segment is None:
            self._open()
        if self._segment is not None:
            self._tell_losses(self._segment)
        self.seal(closed=True)

    def abandon(self) -> None:
        """Let go of the open file as it is: it is another process's."""
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None

    def _ready(self) -> Segment:
        segment = self._segment
        if segment is not None and segment.is_gone():
            # Somebody removed the file: what was in it is lost, what comes is not.
            self._segment = None
            segment.abandon()
            if segment.count:
                self.losses.add("write_error", segment.count)
            warn_once(
                "removed",
                "Spanledger's open spool file in %s was removed; its records are lost.",
                self.folder,
            )
            segment = None
        if segment is not None and time.monotonic() - segment.opened_at >= self._segment_seconds:
            self.seal()
            segment = None
        if segment is None:
            segment = self._open()
        self._tell_losses(segment)
        return segment

    def _open(self) -> Segment:
        self._segment = Segment.open(self.folder, self._identity.process, self._number + 1)
        self._number += 1
        if self._fsync != "none":
            sync_folder(self.folder)
        return self._segment

    def _tell_losses(self, segment: Segment) -> None:
        for reason, count in self.losses.untold():
            segment.write(records.loss(self._identity.process, self._service, self._clock(), reason, count))
            self.losses.told(reason, count)
