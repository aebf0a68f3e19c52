"""Loads landing files into `raw`: each file's bytes once, its records and its own row in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from spanledger_warehouse.build import transaction
from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.landing.batch import KINDS, Batch, prepare_session
from spanledger_warehouse.landing.discovery import Candidate, candidates
from spanledger_warehouse.landing.inspection import inspect
from spanledger_warehouse.landing.linking import link
from spanledger_warehouse.landing.quarantine import reject
from spanledger_warehouse.settings import Home

# One transaction takes files up to this size together (or one larger file).
BATCH_BYTES = 128 << 20


@dataclass
class LoadResult:
    """What one load did; every line of a new file that is not blank is counted in exactly one of the four."""

    files: int = 0
    known_files: int = 0
    changed_files: int = 0
    spans: int = 0
    losses: int = 0
    segments: int = 0
    rejected: int = 0
    problems: list[str] = field(default_factory=list)


def has_new_files(connection: duckdb.DuckDBPyConnection, home: Home) -> bool:
    """Whether a load would look into any file."""
    return bool(candidates(connection, (home.spool, home.landing)))


def load(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    *,
    run_id: str,
    now: datetime,
    on_file: Callable[[Path], None] | None = None,
) -> LoadResult:
    """Load every landing file that is new.

    Args:
        connection: the warehouse, for writing.
        home: the folders.
        run_id: recorded with every file.
        now: the time of the run, naive UTC.
        on_file: called with each file before it is read.

    Raises:
        LandingError: a file cannot be read at all; files of earlier batches stay loaded.
    """
    loader = _Loader(connection, home, run_id, now)
    for batch in _batches(candidates(connection, (home.spool, home.landing))):
        loader.load_batch(batch, on_file)
    link(connection, run_id=run_id)
    return loader.result


def _batches(found: list[Candidate]) -> list[list[Candidate]]:
    batches: list[list[Candidate]] = []
    size = 0
    for candidate in found:
        if not batches or size + candidate.bytes > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(candidate)
        size += candidate.bytes
    return batches


class _Loader:
    def __init__(self, connection: duckdb.DuckDBPyConnection, home: Home, run_id: str, now: datetime) -> None:
        self.connection = connection
        self.home = home
        self.run_id = run_id
        self.now = now
        self.result = LoadResult()
        prepare_session(connection)

    def load_batch(self, found: list[Candidate], on_file: Callable[[Path], None] | None) -> None:
        """Load the files of one batch in one transaction."""
        with transaction(self.connection), Batch(self._next_file_id()) as batch:
            digests: set[str] = set()
            for candidate in found:
                if on_file is not None:
                    on_file(candidate.path)
                self._look_into(candidate, batch, digests)
            if batch.files:
                self._insert(batch)

    def _next_file_id(self) -> int:
        row = self.connection.execute("select coalesce(max(file_id), 0) + 1 from raw.files").fetchone()
        return int(row[0]) if row else 1

    def _look_into(self, candidate: Candidate, batch: Batch, digests: set[str]) -> None:
        try:
            inspection = inspect(candidate.path)
        except OSError as error:
            raise LandingError(
                f"{candidate.path} cannot be read: {error}; move it away or mend its rights"
            ) from error
        if inspection.sha256 in digests or self._is_known("sha256", inspection.sha256):
            self.result.known_files += 1
        else:
            self._note_changed_file(candidate.path)
            batch.add(candidate.path, inspection)
        digests.add(inspection.sha256)
        self.connection.execute(
            "insert into ops.seen_paths values (?, ?, ?, ?)",
            [str(candidate.path), candidate.bytes, candidate.mtime_ns, inspection.sha256],
        )

    def _is_known(self, column: str, value: str) -> bool:
        return bool(
            self.connection.execute(f"select 1 from raw.files where {column} = ?", [value]).fetchone()
        )

    def _note_changed_file(self, path: Path) -> None:
        if self._is_known("path", str(path)):
            self.result.changed_files += 1
            self.result.problems.append(
                f"{path}: its bytes changed since it was loaded; the new bytes were loaded too, "
                "copies of the same call count once"
            )

    def _insert(self, batch: Batch) -> None:
        counts = batch.insert(self.connection)
        rejected = {}
        for file, sentences in reject(
            self.connection, batch, self.home.quarantine, run_id=self.run_id, now=self.now
        ):
            rejected[file.file_id] = len(sentences)
            self.result.problems += sentences
        blank = dict(
            self.connection.execute(
                "select file_id, count(*) from landing_records where problem = 'blank' group by file_id"
            ).fetchall()
        )
        for file in batch.files:
            found = [by_file.get(file.file_id, 0) for by_file in (*counts.values(), rejected, blank)]
            self.connection.execute(
                "insert into raw.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(
                        file.file_id,
                        str(file.path),
                        file.inspection.sha256,
                        file.inspection.bytes,
                        file.lines,
                    ),
                    *(*found, self.now, self.run_id),
                ],
            )
        self.connection.execute(
            sql_text("landing", "mark_dirty_days"),
            {"first_file_id": batch.first_file_id, "run_id": self.run_id},
        )
        self.result.files += len(batch.files)
        for kind in KINDS:
            setattr(self.result, kind, getattr(self.result, kind) + sum(counts[kind].values()))
        self.result.rejected += sum(rejected.values())
