"""A second record of what was loaded, beside the database: a database that lost its tail must not pass for whole.

DuckDB opens a file whose write-ahead log was cut without an error, with less in it. The manifest says how many files
were loaded and what they were; a database that has more is ahead of it (a run died in between), one that has less, or
other files, lost something.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb

from spanledger_warehouse.errors import DatabaseError

FORMAT = 1
_LOADED = (
    "select count(*), coalesce(max(file_id), 0), coalesce(cast(sum(spans) as bigint), 0), "
    "coalesce(cast(bit_xor(md5_number(sha256 || ' ' || spans)) as varchar), '0') from raw.files where file_id <= ?"
)
_EVERY_FILE = 2**62


def manifest_of(database: Path) -> Path:
    """Where the manifest of a database lies."""
    return database.with_name(database.stem + ".manifest.json")


def require_database(database: Path) -> None:
    """Refuse to begin anew where a database with records is gone.

    Raises:
        DatabaseError: says what was lost and what to do.
    """
    said = _read(database)
    if said is not None and said["files"] and not database.is_file():
        raise DatabaseError(
            f"{database} is gone, and {said['files']} files with {said['spans']} spans were loaded into it; "
            "build it anew from the archive with `spanledger rebuild`, or restore a backup with `spanledger restore`"
        )


def check_manifest(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Compare the database with what its manifest says was loaded.

    Raises:
        DatabaseError: something that was loaded is not there any more.
    """
    said = _read(database)
    if said is None:
        return
    found = _loaded(connection, int(said["last_file_id"]))
    if found != said:
        raise DatabaseError(
            f"{database} lost what was loaded: its manifest names {said['files']} files with {said['spans']} spans, "
            f"{found['files']} files with {found['spans']} spans of them are there; it was cut, or replaced by an "
            "older copy. Build it anew from the archive with `spanledger rebuild`, or restore a backup with "
            "`spanledger restore`"
        )


def write_manifest(connection: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Say what is loaded now; nothing is written when nothing changed."""
    found = _loaded(connection, _EVERY_FILE)
    if found == _read(database):
        return
    target = manifest_of(database)
    partial = target.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(found, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)


def _loaded(connection: duckdb.DuckDBPyConnection, last_file_id: int) -> dict[str, Any]:
    exists = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'files' "
        "and database_name = current_database()"
    ).fetchone()
    row = connection.execute(_LOADED, [last_file_id]).fetchone() if exists else None
    files, last, spans, digest = row or (0, 0, 0, "0")
    return {"format": FORMAT, "files": files, "last_file_id": last, "spans": spans, "digest": digest}


def _read(database: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(manifest_of(database).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DatabaseError(
            f"{manifest_of(database)} cannot be read: {error}; it is written whole or not at all, so something else "
            "changed it: look at the disk, then remove it to go on without this check"
        ) from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise DatabaseError(
            f"{manifest_of(database)} is of another format; install the release that wrote it"
        )
    return said
