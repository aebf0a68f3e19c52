"""The files of one batch: looked into one after the other, then read, parsed and inserted by one statement each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import duckdb

from spanledger_warehouse.database import literal_path, sql_text
from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.landing.inspection import Inspection, inspect, sanitize
from spanledger_warehouse.landing.otlp_files import as_records
from spanledger_warehouse.landing.records import KNOWN_KEYS, STRUCTURE

# What an accepted line can be; each has its table in `raw`.
KINDS = ("spans", "losses", "segments")


@dataclass(frozen=True)
class NewFile:
    """A file whose bytes were not loaded yet.

    Attributes:
        file_id: its number.
        path: where it was found.
        inspection: of the bytes that arrived.
        source: where its records are: `path`, or a temporary copy of records.
        lines: lines of `source`.
        readable: what DuckDB reads: `source`, or a temporary copy without the lines that stop it; None when empty.
        replaced: those lines, with the reason.
    """

    file_id: int
    path: Path
    inspection: Inspection
    source: Path
    lines: int
    readable: Path | None
    replaced: dict[int, str] = field(default_factory=dict)


class Batch:
    """New files, and the temporary copies that some are read from; as a context it removes these at its end."""

    def __init__(self, first_file_id: int) -> None:
        self.first_file_id = first_file_id
        self.files: list[NewFile] = []
        self._copies = ExitStack()

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._copies.close()

    def add(self, path: Path, inspection: Inspection) -> None:
        """Take a file; compressed and OTLP files are converted."""
        source = self._copies.enter_context(as_records(path))
        # Lines are those of the records that are read; the digest is that of the bytes that arrived.
        read = inspection if source is path else inspect(source)
        readable, replaced = (source if read.bytes else None), {}
        if not read.readable:
            readable = Path(self._copies.enter_context(tempfile.TemporaryDirectory())) / "readable.jsonl"
            replaced = sanitize(source, readable)
        number = self.first_file_id + len(self.files)
        self.files.append(NewFile(number, path, inspection, source, read.lines, readable, replaced))

    def insert(self, connection: duckdb.DuckDBPyConnection) -> dict[str, dict[int, int]]:
        """Insert what the files hold; `landing_records` keeps every line that did not become a span.

        Returns:
            Rows by kind and file.

        Raises:
            LandingError: a file changed while it was read.
        """
        self._read_lines(connection)
        connection.execute(sql_text("landing", "parse_records"))
        counts = {}
        for kind in KINDS:
            connection.execute(sql_text("landing", f"insert_{kind}"))
            counts[kind] = _by_file(
                connection,
                f"select file_id, count(*) from raw.{kind} where file_id >= ? group by file_id",
                self.first_file_id,
            )
            if kind == "spans":
                connection.execute(
                    sql_text("landing", "keep_other_lines"), {"first_file_id": self.first_file_id}
                )
        return counts

    def _read_lines(self, connection: duckdb.DuckDBPyConnection) -> None:
        files = [
            (file.file_id, file.readable, file.lines) for file in self.files if file.readable is not None
        ]
        wanted = sum(lines for *_, lines in files)
        found = read_lines(connection, files)
        if found != wanted:
            raise LandingError(
                f"{wanted} lines were counted in {len(files)} files from {self.files[0].path} on, but {found} were "
                "read: one of them changes; move it away until it is complete, and run again"
            )


def read_lines(connection: duckdb.DuckDBPyConnection, files: Sequence[tuple[int, Path, int]]) -> int:
    """Fill `landing_lines` with the lines of files that DuckDB may read as they are; returns how many.

    Args:
        connection: for its temporary tables.
        files: number, path and lines of each.
    """
    connection.execute(
        "create or replace temp table landing_files (file_id bigint, lines_before bigint, lines bigint)"
    )
    connection.execute(
        "create or replace temp table landing_lines (file_id bigint, line bigint, body varchar)"
    )
    before = 0
    for file_id, _, lines in files:
        connection.execute("insert into landing_files values (?, ?, ?)", [file_id, before, lines])
        before += lines
    if not files:
        return 0
    paths = [literal_path(path) for _, path, _ in files]
    row = connection.execute(sql_text("landing", "read_lines"), {"paths": paths}).fetchone()
    return int(row[0]) if row else 0


def prepare_session(connection: duckdb.DuckDBPyConnection) -> None:
    """What the statements of a batch need on their connection."""
    connection.execute(sql_text("landing", "macros"))
    connection.execute("set variable record_structure = ?", [STRUCTURE])
    connection.execute("set variable known_keys = ?", [list(KNOWN_KEYS)])


def _by_file(connection: duckdb.DuckDBPyConnection, query: str, first: int) -> dict[int, int]:
    rows: Iterable[tuple[int, int]] = connection.execute(query, [first]).fetchall()
    return dict(rows)
