"""Files of a Collector's file exporter, and compressed files: read from a temporary copy that holds records.

OTLP/JSON lines become records, other lines stay as they are and are judged like any. With `compression: zstd` the
exporter writes no plain zstd file but one compressed message after the other, each behind its length in four bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import mmap
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from spanledger.records import line as record_line
from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.otlp import json_lines

# Unescaped in a file, this is a key: within a text of a record its quotes have backslashes.
_MARK = b'"resourceSpans"'
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# One line is one export request; a Collector's may hold thousands of spans.
MAX_OTLP_LINE_BYTES = 64 << 20
_DAMAGED = b"!"


@contextmanager
def as_records(path: Path) -> Iterator[Path]:
    """The file to read records from: `path` itself, or a copy that lives as long as the context.

    Raises:
        LandingError: a `.zst` file, and no library to read it.
    """
    if path.suffix not in {".gz", ".zst"} and not _holds_otlp(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "records.jsonl"
        with path.open("rb") as file, copy.open("wb") as target:
            for line in _lines_of(path, file):
                target.writelines(_converted(line))
        yield copy


def _holds_otlp(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.read(1):
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_MARK) != -1


def _converted(line: bytes) -> Iterable[bytes]:
    if _MARK not in line:
        return (line.rstrip(b"\n") + b"\n",)
    try:
        document = json.loads(line.decode("utf-8"))
        if not json_lines.is_traces(document):
            return (line.rstrip(b"\n") + b"\n",)
        return [record_line(record) for record in json_lines.records(document)]
    except (ValueError, RecursionError):
        # Not JSON for us: it goes the way of every line that is none.
        return (_DAMAGED + line[:1000].rstrip(b"\n") + b"\n",)


def _lines_of(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    """Lines, decompressed; where the compressed bytes are damaged, a line that says so ends them."""
    try:
        if path.suffix == ".gz":
            yield from _whole_lines(gzip.GzipFile(fileobj=file))
        elif path.suffix == ".zst":
            yield from _zstd_lines(path, file)
        else:
            yield from _whole_lines(file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield _DAMAGED + f"the compressed file is damaged here: {error}\n".encode()


def _whole_lines(file: Any) -> Iterator[bytes]:
    while line := file.readline(MAX_OTLP_LINE_BYTES + 1):
        whole = line
        while (
            not whole.endswith(b"\n")
            and len(line) > MAX_OTLP_LINE_BYTES
            and (whole := file.readline(1 << 20))
        ):
            line = _DAMAGED + line[:1000] + b"\n"
        yield line


def _zstd_lines(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise LandingError(
            f"{path} is compressed with zstd, which needs a library; pip install 'spanledger[collect]'"
        ) from error
    start = file.read(8)
    file.seek(0)
    is_framed = start[4:8] == _ZSTD_MAGIC and start[:4] != _ZSTD_MAGIC
    inflater = zstandard.ZstdDecompressor()
    try:
        if is_framed:
            yield from _zstd_messages(inflater, file)
        else:
            yield from _whole_lines(_Buffered(_zstd_parts(inflater, file)))
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from error


def _zstd_messages(inflater: Any, file: IO[bytes]) -> Iterator[bytes]:
    while head := file.read(4):
        size = int.from_bytes(head, "big")
        packed = file.read(size)
        if len(packed) < size:
            raise EOFError("its last message is cut off")
        yield b"".join(_zstd_parts(inflater, io.BytesIO(packed)))[:MAX_OTLP_LINE_BYTES]


def _zstd_parts(inflater: Any, file: IO[bytes]) -> Iterator[bytes]:
    """The library's own reader takes a cut-off frame for the end of the file; here it is an error."""
    frame = None
    while packed := file.read(4096):
        while packed:
            frame = frame or inflater.decompressobj()
            yield frame.decompress(packed)
            packed = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("its last frame is cut off")


class _Buffered:
    """`readline` over bytes that come in parts."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def readline(self, limit: int) -> bytes:
        """A line, or the first `limit` bytes of one."""
        searched = 0
        while (end := self._rest.find(b"\n", searched)) == -1 and len(self._rest) < limit:
            searched = len(self._rest)
            part = next(self._parts, None)
            if part is None:
                break
            self._rest += part
        end = min(limit, end + 1 if end != -1 else len(self._rest))
        line, self._rest = self._rest[:end], self._rest[end:]
        return line
