"""Refused lines: each a row of `raw.rejects`, their exact bytes in the quarantine folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from spanledger_warehouse.landing.batch import Batch, NewFile
from spanledger_warehouse.landing.inspection import line_bytes

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


def reject(
    connection: duckdb.DuckDBPyConnection, batch: Batch, folder: Path, *, run_id: str, now: datetime
) -> Iterator[tuple[NewFile, list[str]]]:
    """Set the refused lines of a batch aside.

    Args:
        connection: holds `landing_records`.
        batch: its files.
        folder: the quarantine.
        run_id, now: recorded with every line.

    Yields:
        Each file that has any, with a sentence per line.
    """
    files = {file.file_id: file for file in batch.files}
    found = connection.execute(
        "select file_id, line, problem from landing_records where problem is not null and problem <> 'blank' "
        "order by file_id, line"
    ).fetchall()
    for file_id, refused in groupby(found, key=lambda row: row[0]):
        file = files[file_id]
        problems = {line: file.replaced.get(line, problem) for _, line, problem in refused}
        bodies = dict(line_bytes(file.source, set(problems)))
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{file.inspection.sha256}.jsonl"
        _write_durably(target, b"".join(bodies[line] + b"\n" for line in problems))
        rows, sentences = [], []
        for line, problem in problems.items():
            reason, _, detail = problem.partition(": ")
            detail = detail or REASONS[reason]
            place = [file_id, str(file.path), line, reason, detail]
            rows.append([*place, len(bodies[line]), str(target), now, run_id])
            sentences.append(f"{file.path}:{line}: {reason}: {detail}")
        connection.executemany("insert into raw.rejects values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        yield file, sentences


def _write_durably(target: Path, content: bytes) -> None:
    """The bytes must be safe before the transaction that says so commits."""
    partial = target.with_suffix(".part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
