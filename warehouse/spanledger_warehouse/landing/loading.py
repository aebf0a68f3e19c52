"""Loads landing files into `raw`: each file's bytes once, its records and its own row in one transaction."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from spanledger_warehouse.database import literal_path, sql_text
from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.landing.discovery import Candidate, candidates
from spanledger_warehouse.landing.inspection import Inspection, inspect, line_bytes, sanitize
from spanledger_warehouse.landing.otlp_files import as_records
from spanledger_warehouse.landing.records import KNOWN_KEYS, STRUCTURE
from spanledger_warehouse.settings import Home

# One transaction takes files up to this size together (or one larger file).
BATCH_BYTES = 256 << 20

# What an accepted line can be; each has its table in `raw`.
KINDS = ("spans", "losses", "segments")

REASONS = {
    "not_json": "the line is not valid JSON",
    "not_an_object": "the line is JSON but not an object",
    "otlp_json": "an OTLP/JSON line; this release loads records only, the line waits for one that converts it",
    "no_version": "the record has no format version 'v'",
    "unsupported_version": "the record has a format version that this release does not know",
    "unknown_kind": "the record is of a kind that this release does not know",
    "refused": "the receiver refused the span and did not say why",
    "no_identity": "neither process and sequence nor trace and span id identify the record",
    "bad_time": "a time is missing, not a whole number of nanoseconds, or outside 2020 to 2099",
    "bad_count": "a count is missing or not a whole number between 0 and 1e9",
}


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


def prepare_session(connection: duckdb.DuckDBPyConnection) -> None:
    """What the statements that parse records need."""
    connection.execute(sql_text("landing", "macros"))
    connection.execute("set variable record_structure = ?", [STRUCTURE])
    connection.execute("set variable known_keys = ?", [list(KNOWN_KEYS)])


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

    def load_batch(self, batch: list[Candidate], on_file: Callable[[Path], None] | None) -> None:
        """Load the files of one batch in one transaction."""
        self.connection.execute("begin transaction")
        try:
            first = self._next_file_id()
            for candidate in batch:
                if on_file is not None:
                    on_file(candidate.path)
                self._load_file(candidate)
            self.connection.execute(
                sql_text("landing", "mark_dirty_days"), {"first_file_id": first, "run_id": self.run_id}
            )
            self.connection.execute("commit")
        except BaseException:
            self.connection.execute("rollback")
            raise

    def _next_file_id(self) -> int:
        row = self.connection.execute("select coalesce(max(file_id), 0) + 1 from raw.files").fetchone()
        return int(row[0]) if row else 1

    def _load_file(self, candidate: Candidate) -> None:
        try:
            inspection = inspect(candidate.path)
        except OSError as error:
            raise LandingError(
                f"{candidate.path} cannot be read: {error}; move it away or mend its rights"
            ) from error
        known = self.connection.execute(
            "select path from raw.files where sha256 = ?", [inspection.sha256]
        ).fetchone()
        if known:
            self.result.known_files += 1
        else:
            self._note_changed_file(candidate.path)
            self._load_new(candidate.path, inspection)
        self.connection.execute(
            "insert into ops.seen_paths values (?, ?, ?, ?)",
            [str(candidate.path), candidate.bytes, candidate.mtime_ns, inspection.sha256],
        )

    def _note_changed_file(self, path: Path) -> None:
        if self.connection.execute("select 1 from raw.files where path = ?", [str(path)]).fetchone():
            self.result.changed_files += 1
            self.result.problems.append(
                f"{path}: its bytes changed since it was loaded; the new bytes were loaded too, "
                "copies of the same call count once"
            )

    def _load_new(self, path: Path, inspection: Inspection) -> None:
        file_id = self._next_file_id()
        with as_records(path) as source:
            # Lines are those of the records that were read; the digest is that of the bytes that arrived.
            read = inspection if source is path else inspect(source)
            replaced = self._read_lines(source, read)
            self.connection.execute(sql_text("landing", "parse_records"))
            counts = {kind: self._insert(f"insert_{kind}", file_id) for kind in KINDS}
            rejected = self._reject(path, source, inspection, file_id, replaced)
        self.connection.execute(
            "insert into raw.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                file_id,
                str(path),
                inspection.sha256,
                inspection.bytes,
                read.lines,
                counts["spans"],
                counts["losses"],
                counts["segments"],
                rejected,
                self._blank_lines(),
                self.now,
                self.run_id,
            ],
        )
        self.result.files += 1
        self.result.spans += counts["spans"]
        self.result.losses += counts["losses"]
        self.result.segments += counts["segments"]
        self.result.rejected += rejected

    def _read_lines(self, path: Path, inspection: Inspection) -> dict[int, str]:
        if inspection.bytes == 0:
            self.connection.execute(
                "create or replace temp table landing_lines as "
                "select 1::bigint as line, ''::varchar as body, 'blank' as problem where false"
            )
            return {}
        if inspection.readable:
            self.connection.execute(sql_text("landing", "read_lines"), {"path": literal_path(path)})
            return {}
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "readable.jsonl"
            replaced = sanitize(path, copy)
            self.connection.execute(sql_text("landing", "read_lines"), {"path": literal_path(copy)})
        return replaced

    def _insert(self, statement: str, file_id: int) -> int:
        row = self.connection.execute(sql_text("landing", statement), {"file_id": file_id}).fetchone()
        return int(row[0]) if row else 0

    def _blank_lines(self) -> int:
        row = self.connection.execute(
            "select count(*) from landing_records where problem = 'blank'"
        ).fetchone()
        return int(row[0]) if row else 0

    def _reject(
        self, path: Path, source: Path, inspection: Inspection, file_id: int, replaced: dict[int, str]
    ) -> int:
        found = self.connection.execute(
            "select line, problem from landing_records where problem is not null and problem <> 'blank' order by line"
        ).fetchall()
        if not found:
            return 0
        target = self._quarantine_file(inspection.sha256)
        bodies = dict(line_bytes(source, {line for line, _ in found}))
        _write_durably(target, b"".join(bodies[line] + b"\n" for line, _ in found))
        rows = []
        for line, problem in found:
            reason, _, detail = replaced.get(line, problem).partition(": ")
            detail = detail or REASONS[reason]
            rows.append(
                [
                    file_id,
                    str(path),
                    line,
                    reason,
                    detail,
                    len(bodies[line]),
                    str(target),
                    self.now,
                    self.run_id,
                ]
            )
            self.result.problems.append(f"{path}:{line}: {reason}: {detail}")
        self.connection.executemany("insert into raw.rejects values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        return len(rows)

    def _quarantine_file(self, sha256: str) -> Path:
        self.home.quarantine.mkdir(parents=True, exist_ok=True)
        return self.home.quarantine / f"{sha256}.jsonl"


def _write_durably(target: Path, content: bytes) -> None:
    """The bytes must be safe before the transaction that says so commits."""
    partial = target.with_suffix(".part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
