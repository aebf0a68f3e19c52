"""Sealed segments of a spool, taken as they are: byte for byte, once, whoever sends them how often."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

from spanledger_pipelines.collect.limits import RefusedError, malformed
from spanledger_pipelines.collect.sources import ANY, Source
from spanledger_pipelines.collect.storage import make_folder, sync, sync_folder


def store(folder: Path, content: bytes, expected: str | None, source: Source) -> bool:
    """Put a segment into the landing zone, durably.

    Args:
        folder: of segments; a file is named after the digest of its bytes.
        content: the segment.
        expected: the digest that the sender computed, if it did.
        source: who sends it.

    Returns:
        False when it was there already.

    Raises:
        RefusedError: it arrived damaged, is no segment, or holds spans of tenants that are not the sender's.
        OSError: it cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if expected and expected.strip().lower() != sha256:
        raise malformed(f"its sha256 is {sha256}, the sender computed {expected[:64]}; send it again")
    _check(content, source)
    target = folder / f"{sha256}.jsonl"
    if target.exists():
        # It may be there without being durable: another request may just have renamed it.
        sync_folder(folder)
        return False
    make_folder(folder)
    partial = folder / f".{sha256}-{os.urandom(4).hex()}.part"
    try:
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            sync(file.fileno())
        partial.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    sync_folder(folder)
    return True


def _check(content: bytes, source: Source) -> None:
    if not content.startswith(b"{") or b'"kind"' not in content[:4096]:
        raise malformed("a segment holds records, one JSON object a line, as instrumentation/README.md says")
    if ANY in source.tenants:
        return
    # Line by line: a list of them all would take the segment's size again.
    for number, line in enumerate(io.BytesIO(content), start=1):
        if line.strip():
            _check_line(line, number, is_torn=not line.endswith(b"\n"), source=source)


def _check_line(line: bytes, number: int, *, is_torn: bool, source: Source) -> None:
    """A bound sender's line must be readable here, or another reader might find another tenant in it."""
    try:
        record = json.loads(line.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        # The last line of a process that died; it is no JSON for anybody.
        if is_torn and isinstance(error, json.JSONDecodeError):
            return
        raise malformed(f"line {number} of the segment is not a record ({str(error)[:80]})") from error
    tenant = str(record.get("tenant", "")).strip() if isinstance(record, dict) else ""
    if tenant and not source.may_speak_for(tenant):
        raise RefusedError(
            403,
            f"line {number} of the segment is of tenant {tenant[:60]!r}, which is not one of source "
            f"{source.name!r}; add it to the source's tenants, or send the spans of that tenant with its token",
        )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in it")
    return found
