"""Backs up a warehouse into one folder, and restores it: every file with its digest, checked before anything is used.

    <folder>/backup.json        what it is, of when, and the digest of every file
    <folder>/warehouse, archive, closed, quarantine, landing, spool

What was published is not in it: the first run after a restore publishes. Seeds are in their own repository.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from spanledger_warehouse import runs
from spanledger_warehouse.closed_months import closed_folder
from spanledger_warehouse.database import SCHEMA_VERSION, connect
from spanledger_warehouse.errors import DatabaseError, SpanledgerError
from spanledger_warehouse.landing.discovery import COMPRESSED_SUFFIXES, RECORD_SUFFIX
from spanledger_warehouse.looking import release
from spanledger_warehouse.manifest import manifest_of
from spanledger_warehouse.settings import Home, Settings

FORMAT = 1
DESCRIPTION = "backup.json"
_CHUNK = 4 << 20


@dataclass(frozen=True)
class Backup:
    """A backup.

    Attributes:
        folder: where it lies.
        files, bytes: what it holds.
        spans: spans of the database in it.
        seeds_commit: the prices that it was built with; restore their repository by itself.
    """

    folder: Path
    files: int
    bytes: int
    spans: int
    seeds_commit: str | None


def back_up(
    settings: Settings, folder: Path, *, now: datetime, on_file: Callable[[int, int], None] | None = None
) -> Backup:
    """Copy the warehouse; no run can go on meanwhile.

    Args:
        settings: of the warehouse.
        folder: the backup is made in a folder of its own in here.
        now: naive UTC; names it.
        on_file: called after each file with the files done and the files in all.

    Raises:
        DatabaseError: there is no warehouse.
        SpanledgerError: another process holds it.
    """
    home = settings.home
    if not home.warehouse_file.is_file():
        raise DatabaseError(f"there is no warehouse at {home.warehouse_file}; nothing to back up")
    target = folder / f"spanledger-{now:%Y%m%dT%H%M%SZ}"
    partial = target.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    with connect(settings) as connection:
        runs.archive_landing(connection, settings)
        connection.execute("force checkpoint")
        archived = {
            path
            for (path,) in connection.execute(
                "select f.path from raw.files as f inner join ops.archived_files as a using (file_id) "
                "where a.batch is not null"
            ).fetchall()
        }
        row = connection.execute(
            "select (select count(*) from raw.spans), (select min(s.seeds_commit) from pricing.seeds as s)"
        ).fetchone()
        spans, commit = row or (0, None)
        sources = [(name, path) for name, path in _sources(home) if str(path) not in archived]
        files = []
        for done, (name, path) in enumerate(sources, start=1):
            files.append({"path": name, **_copy(path, partial / name)})
            if on_file is not None:
                on_file(done, len(sources))
    said = {
        "format": FORMAT,
        "release": release(),
        "schema_version": SCHEMA_VERSION,
        "created_at": now.isoformat(),
        "spans": spans,
        "seeds_commit": commit,
        "files": files,
    }
    with (partial / DESCRIPTION).open("w", encoding="utf-8") as out:
        json.dump(said, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    partial.rename(target)
    return _described(target, said)


def restore(folder: Path, settings: Settings, *, on_file: Callable[[int, int], None] | None = None) -> Backup:
    """Put a backup into a home folder that has no warehouse.

    Raises:
        DatabaseError: the backup is damaged or of a newer release; nothing was written.
        SpanledgerError: the home folder has a warehouse already.
    """
    home = settings.home
    if home.warehouse_file.is_file() or manifest_of(home.warehouse_file).is_file() or home.archive.is_dir():
        raise SpanledgerError(
            f"{home.path} has a warehouse already; move it away, or restore into another folder with --home"
        )
    said = _read(folder)
    for entry in said["files"]:
        file = folder / entry["path"]
        if not file.is_file() or _digest(file) != entry["sha256"]:
            raise DatabaseError(
                f"{file} is {'damaged' if file.is_file() else 'missing'}: the backup is not what it was; "
                "take another one. Nothing was restored"
            )
    places = dict(_places(home))
    # The database comes last: a restore that died before it is begun again, not taken for a warehouse.
    files = sorted(said["files"], key=lambda entry: entry["path"].startswith("warehouse/"))
    for done, entry in enumerate(files, start=1):
        top, _, rest = entry["path"].partition("/")
        _copy(folder / entry["path"], places[top] / rest)
        if on_file is not None:
            on_file(done, len(files))
    with connect(settings) as connection:  # checks the manifest
        row = connection.execute("select count(*) from raw.spans").fetchone()
    if row is None or row[0] != said["spans"]:
        raise DatabaseError(f"{home.warehouse_file} has {row} spans after the restore, not {said['spans']}")
    return _described(folder, said)


def _places(home: Home) -> Iterator[tuple[str, Path]]:
    yield "archive", home.archive
    yield "closed", closed_folder(home)
    yield "quarantine", home.quarantine
    yield "landing", home.landing
    yield "spool", home.spool
    yield "warehouse", home.warehouse_file.parent


def _sources(home: Home) -> Iterator[tuple[str, Path]]:
    """Every file to copy under its name in the backup."""
    for name, folder in _places(home):
        if name == "warehouse":
            paths = [home.warehouse_file, manifest_of(home.warehouse_file)]
        elif name in {"landing", "spool"}:
            ends = (RECORD_SUFFIX, *COMPRESSED_SUFFIXES)
            paths = [path for path in folder.rglob("*") if path.name.endswith(ends)]
        else:
            paths = [path for path in folder.rglob("*") if "unfinished" not in path.parts]
        for path in sorted(path for path in paths if path.is_file()):
            yield f"{name}/{path.relative_to(folder).as_posix()}", path


def _copy(source: Path, target: Path) -> dict[str, object]:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, partial.open("wb") as write:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            write.write(chunk)
        write.flush()
        os.fsync(write.fileno())
    partial.replace(target)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatabaseError(
            f"{folder} is no backup: {error}; name the folder that holds {DESCRIPTION}"
        ) from error
    if not isinstance(said, dict) or said.get("format") != FORMAT or said["schema_version"] > SCHEMA_VERSION:
        raise DatabaseError(f"{folder} was made by a newer release; restore it with that one")
    return said


def _described(folder: Path, said: Mapping[str, Any]) -> Backup:
    return Backup(
        folder=folder,
        files=len(said["files"]),
        bytes=sum(entry["bytes"] for entry in said["files"]),
        spans=said["spans"],
        seeds_commit=said["seeds_commit"],
    )
