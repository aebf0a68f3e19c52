"""Finds landing files that were not loaded yet, and seals the files of writers that died."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

OPEN_SUFFIX = ".open"
RECORD_SUFFIX = ".jsonl"
# Also read: compressed files, and whatever of these a Collector's file exporter wrote.
COMPRESSED_SUFFIXES = (".gz", ".zst")
# A writer creates its file and then locks it; a file this young is left to it.
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Candidate:
    """A file whose path, size and time are not those of a file looked at before."""

    path: Path
    bytes: int
    mtime_ns: int


def candidates(connection: duckdb.DuckDBPyConnection, folders: Iterable[Path]) -> list[Candidate]:
    """The files to look into, oldest name first. Seals what dead writers left open."""
    seen = {
        (path, size, mtime)
        for path, size, mtime in connection.execute(
            "select path, bytes, mtime_ns from ops.seen_paths"
        ).fetchall()
    }
    return [found for found in listing(folders) if (str(found.path), found.bytes, found.mtime_ns) not in seen]


def listing(folders: Iterable[Path]) -> list[Candidate]:
    """All record files of the folders (recursively), by path."""
    found = []
    for folder in dict.fromkeys(folders):
        seal_abandoned(folder)
        paths = [path for end in (RECORD_SUFFIX, *COMPRESSED_SUFFIXES) for path in folder.rglob(f"*{end}")]
        for path in sorted(paths):
            with contextlib.suppress(FileNotFoundError):  # moved on by someone between listing and looking
                status = path.stat()
                found.append(Candidate(path, status.st_size, status.st_mtime_ns))
    return found


def seal_abandoned(folder: Path) -> list[Path]:
    """Rename `*.open` files whose writer is dead: a live writer holds an exclusive lock on its file."""
    sealed = []
    for path in sorted(folder.rglob(f"*{RECORD_SUFFIX}{OPEN_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime >= GRACE_SECONDS and _writer_is_dead(path):
                target = path.with_name(path.name.removesuffix(OPEN_SUFFIX))
                path.rename(target)
                sealed.append(target)
    return sealed


def _writer_is_dead(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
