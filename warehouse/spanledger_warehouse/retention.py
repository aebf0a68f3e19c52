"""Removes what is kept twice, or long enough: landing files that are archived, and quarantined bytes, by their age.

Nothing that a cost rests on goes: an archived record is in the archive, and a refused line has no cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from spanledger_warehouse.settings import Retention


@dataclass(frozen=True)
class Removed:
    """How many files went."""

    landing: int
    quarantined: int


def remove_aged(connection: duckdb.DuckDBPyConnection, retention: Retention, *, now: datetime) -> Removed:
    """Remove what the settings say.

    Args:
        connection: the warehouse; its archive is up to date.
        retention: the ages, in days.
        now: naive UTC.
    """
    return Removed(
        landing=_remove_landing(connection, now - timedelta(days=retention.landing_days))
        if retention.landing_days is not None
        else 0,
        quarantined=_remove_quarantined(connection, now - timedelta(days=retention.quarantine_days))
        if retention.quarantine_days is not None
        else 0,
    )


def _remove_landing(connection: duckdb.DuckDBPyConnection, before: datetime) -> int:
    """Files whose records are archived, under every name; one that was changed since stays, to be told."""
    found = connection.execute(
        "select distinct s.path, s.bytes, s.mtime_ns from ops.seen_paths as s "
        "inner join raw.files as f on s.sha256 = f.sha256 "
        "inner join ops.archived_files as a on f.file_id = a.file_id "
        "where a.batch is not null and f.loaded_at < ?",
        [before],
    ).fetchall()
    gone = 0
    for path, size, mtime_ns in found:
        file = Path(path)
        if file.is_file() and (file.stat().st_size, file.stat().st_mtime_ns) == (size, mtime_ns):
            file.unlink()
            gone += 1
    return gone


def _remove_quarantined(connection: duckdb.DuckDBPyConnection, before: datetime) -> int:
    """Bytes of refused lines; `raw.rejects` keeps where they stood and why they were refused."""
    found = connection.execute(
        "select quarantine_path from raw.rejects group by quarantine_path having max(loaded_at) < ?", [before]
    ).fetchall()
    files = [file for (path,) in found if (file := Path(path)).is_file()]
    for file in files:
        file.unlink()
    return len(files)
