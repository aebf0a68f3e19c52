"""Brings loaded files into the archive, batch by batch, and compacts the days that got many parts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from spanledger_warehouse.archive.layout import Archive, Part, live, part_name, paths_of, place
from spanledger_warehouse.build import transaction
from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import ArchiveError
from spanledger_warehouse.landing.batch import read_lines
from spanledger_warehouse.landing.inspection import inspect, sanitize
from spanledger_warehouse.landing.otlp_files import as_records

# A batch takes files up to this size together (or one larger file).
BATCH_BYTES = 256 << 20
# A day, or the list of files, with this many parts is written anew as one.
MANY_PARTS = 8
_ANY_NUMBER = 1 << 62
_FORMAT = "format parquet, compression zstd"


@dataclass
class Archived:
    """What one pass archived.

    Attributes:
        files, lines: that came into the archive.
        batches: in how many steps.
        problems: files that could not be archived, and why; the next pass tries them again.
    """

    files: int = 0
    lines: int = 0
    batches: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Loaded:
    file_id: int
    path: Path
    bytes: int
    lines: int
    loaded_at: datetime


def archive_loaded(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    *,
    on_file: Callable[[int, int], None] | None = None,
) -> Archived:
    """Archive every loaded file that is not archived yet.

    Args:
        connection: the warehouse, for writing.
        archive: where to.
        on_file: called after each file with the files done and the files in all.
    """
    archive.sweep()
    _note_what_counts(connection, archive)
    result = Archived()
    waiting = _waiting(connection)
    for batch in _batches(waiting):
        taken = _lines_of_batch(connection, batch, result)
        if taken:
            _write_batch(connection, archive, taken, result)
        if on_file is not None:
            on_file(result.files + len(result.problems), len(waiting))
    return result


def _note_what_counts(connection: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    """A run that died between the last file of a batch and its own note left a batch that counts."""
    parts = archive.file_parts()
    if parts:
        connection.execute(
            "insert into ops.archived_files select f.file_id, 0 from raw.files as f "
            "semi join read_parquet(?, union_by_name = true) as a on f.sha256 = a.sha256 "
            "anti join (from ops.archived_files where batch is not null) as n on f.file_id = n.file_id",
            [paths_of(parts)],
        )


def _waiting(connection: duckdb.DuckDBPyConnection) -> list[_Loaded]:
    rows = connection.execute(
        "select file_id, path, bytes, spans + losses + segments, loaded_at from raw.files "
        "where file_id not in (select a.file_id from ops.archived_files as a where a.batch is not null) "
        "order by file_id"
    ).fetchall()
    return [_Loaded(file_id, Path(path), size, lines, at) for file_id, path, size, lines, at in rows]


def _batches(waiting: list[_Loaded]) -> Iterator[list[_Loaded]]:
    batch: list[_Loaded] = []
    for file in waiting:
        if batch and sum(other.bytes for other in batch) + file.bytes > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _lines_of_batch(
    connection: duckdb.DuckDBPyConnection, batch: list[_Loaded], result: Archived
) -> list[_Loaded]:
    """Read the lines of the files; those that still hold what was loaded from them."""
    connection.execute(
        "create or replace temp table archive_lines "
        "(file_id bigint, line bigint, kind varchar, day date, body varchar, line_hash varchar)"
    )
    taken = []
    for file in batch:
        if not file.lines:
            taken.append(file)
            continue
        found = _add_lines(connection, file)
        if found == file.lines:
            taken.append(file)
            continue
        connection.execute("delete from archive_lines where file_id = ?", [file.file_id])
        _note(connection, [file.file_id], None)
        what = (
            "is gone"
            if found is None
            else f"holds {found} of the {file.lines} records that were loaded from it"
        )
        result.problems.append(f"{file.path} {what}; its records are in the warehouse, not in the archive")
    return taken


def _add_lines(connection: duckdb.DuckDBPyConnection, file: _Loaded) -> int | None:
    """How many of the file's records were found as they were loaded; None when it is gone."""
    try:
        with as_records(file.path) as source:
            found = _add_lines_of(connection, file, source)
            if found == file.lines or inspect(source).readable:
                return found
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "readable.jsonl"
                sanitize(source, copy)
                return _add_lines_of(connection, file, copy)
    except FileNotFoundError:
        return None


def _add_lines_of(connection: duckdb.DuckDBPyConnection, file: _Loaded, source: Path) -> int:
    connection.execute("delete from archive_lines where file_id = ?", [file.file_id])
    try:
        read_lines(connection, [(file.file_id, source, _ANY_NUMBER)])
    except duckdb.InvalidInputException:  # bytes that DuckDB's reader stops at
        return 0
    row = connection.execute(
        sql_text("archive", "add_lines"), {"file_id": file.file_id, "loaded_at": file.loaded_at}
    ).fetchone()
    return int(row[0]) if row else 0


def _write_batch(
    connection: duckdb.DuckDBPyConnection, archive: Archive, taken: list[_Loaded], result: Archived
) -> None:
    number = archive.last_batch() + 1
    connection.execute("create or replace temp table archive_batch (file_id bigint)")
    connection.executemany("insert into archive_batch values (?)", [[file.file_id] for file in taken])
    archive.work.mkdir(parents=True, exist_ok=True)
    records = archive.work / "records"
    connection.execute(
        "copy (select file_id, line, kind, body, cast(null as varchar) as erased_hash, day from archive_lines "
        f"order by day, file_id, line) to '{_quoted(records)}' "
        f"({_FORMAT}, partition_by (day), filename_pattern 'part_{{i}}', overwrite_or_ignore)"
    )
    days = []
    for folder in sorted(records.glob("day=*")):
        days.append(archive.day_folder(folder.name.removeprefix("day=")))
        for index, part in enumerate(sorted(folder.iterdir())):
            place(part, days[-1] / part_name(number, number, index))
    files = archive.work / "files.parquet"
    connection.execute(f"copy ({sql_text('archive', 'files_of_batch')}) to '{_quoted(files)}' ({_FORMAT})")
    place(files, archive.files / part_name(number, number))  # from here on the batch counts
    _note(connection, [file.file_id for file in taken], number)
    result.files += len(taken)
    result.lines += sum(file.lines for file in taken)
    result.batches += 1
    for folder in days:
        _compact(connection, archive, folder, order="file_id, line")
    _compact(connection, archive, archive.files, order="file_id")


def _note(connection: duckdb.DuckDBPyConnection, file_ids: list[int], batch: int | None) -> None:
    with transaction(connection):
        connection.execute(
            "delete from ops.archived_files where list_contains(cast(? as bigint []), file_id)", [file_ids]
        )
        connection.execute(
            "insert into ops.archived_files select unnest(cast(? as bigint [])), ?", [file_ids, batch]
        )


def _compact(connection: duckdb.DuckDBPyConnection, archive: Archive, folder: Path, *, order: str) -> None:
    """Write many parts anew as one; its name says that it holds them, so either it or they count."""
    parts = live(folder)
    if len(parts) < MANY_PARTS:
        return
    first, last = min(part.first for part in parts), max(part.last for part in parts)
    together = archive.work / "together.parquet"
    rewrite(connection, parts, together, order=order)
    place(together, folder / part_name(first, last))
    for part in parts:
        part.path.unlink()


def rewrite(
    connection: duckdb.DuckDBPyConnection, parts: list[Part], target: Path, *, order: str, columns: str = "*"
) -> None:
    """Write parts anew as one file.

    Raises:
        ArchiveError: a part cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    paths = ", ".join(f"'{path.replace(chr(39), chr(39) * 2)}'" for path in paths_of(parts))
    try:
        connection.execute(
            f"copy (select {columns} from read_parquet([{paths}], union_by_name = true, hive_partitioning = false) "
            f"order by {order}) to '{_quoted(target)}' ({_FORMAT})"
        )
    except duckdb.InvalidInputException as error:
        raise ArchiveError(
            f"the archive is damaged: {error}; restore the part from a backup, the landing files or the warehouse "
            "still have its records"
        ) from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
