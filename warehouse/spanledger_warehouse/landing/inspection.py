"""One streaming pass over a landing file: its digest, and whether DuckDB may read its lines as they are.

DuckDB's reader stops at bytes that are not UTF-8, at over-long lines and at stray control bytes, and counts lines
differently after a carriage return. Such a file is read from a copy in which each offending line is replaced by a
placeholder, so that the line is refused by itself and every line number stays true.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 4 << 20
MAX_LINE_BYTES = 16 << 20
# The reader's column delimiter: a raw control character never occurs in valid JSON.
DELIMITER = "\x1f"
PLACEHOLDER = b"!"
_STRAY = (b"\r", b"\x00", DELIMITER.encode())


@dataclass(frozen=True)
class Inspection:
    """What one pass found.

    Attributes:
        sha256: digest of the bytes, hex.
        bytes: size.
        lines: lines, counting a last one without a newline.
        readable: DuckDB may read the file itself.
    """

    sha256: str
    bytes: int
    lines: int
    readable: bool


def inspect(path: Path) -> Inspection:
    """Read the file once, in bounded memory."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = lines = current = 0
    readable, last = True, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
            readable = readable and not any(stray in chunk for stray in _STRAY)
            readable = readable and _decodes(decoder, chunk)
            # Only a line that goes on from earlier chunks can be longer than a line may be.
            first, last_break = chunk.find(b"\n"), chunk.rfind(b"\n")
            current += len(chunk) if first == -1 else first
            readable = readable and current <= MAX_LINE_BYTES
            current = current if first == -1 else len(chunk) - last_break - 1
            last = chunk[-1:]
    readable = readable and _decodes(decoder, b"", final=True)
    return Inspection(digest.hexdigest(), size, lines + (last != b"\n"), readable)


def sanitize(path: Path, target: Path) -> dict[int, str]:
    """Write a readable copy; returns the lines that were replaced, with the reason."""
    replaced: dict[int, str] = {}
    with path.open("rb") as source, target.open("wb") as copy:
        for number, line in enumerate(_lines(source), start=1):
            reason = _line_problem(line)
            if reason is not None:
                replaced[number] = reason
            copy.write((PLACEHOLDER if reason else line.rstrip(b"\r")) + b"\n")
    return replaced


def line_bytes(path: Path, numbers: set[int]) -> Iterator[tuple[int, bytes]]:
    """The bytes of the numbered lines, as they are in the file (cut at `MAX_LINE_BYTES`)."""
    with path.open("rb") as source:
        for number, line in enumerate(_lines(source), start=1):
            if number in numbers:
                yield number, line


def _lines(file: object) -> Iterator[bytes]:
    """Lines without their newline, each cut one byte after the allowed length, in bounded memory."""
    readline = file.readline  # type: ignore[attr-defined]
    while line := readline(MAX_LINE_BYTES + 2):
        tail = line
        while not tail.endswith(b"\n") and (tail := readline(CHUNK)):
            pass  # the rest of an over-long line is skipped; its first bytes identify it
        yield line.removesuffix(b"\n")


def _line_problem(line: bytes) -> str | None:
    if len(line) > MAX_LINE_BYTES:
        return f"line_too_long: over {MAX_LINE_BYTES} bytes"
    body = line.removesuffix(b"\r")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not_utf8: byte {error.start + 1} of the line"
    if any(stray in body for stray in _STRAY):
        return "control_character: a raw control character, which JSON does not allow"
    return None


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
