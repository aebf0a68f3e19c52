"""The binary framing of AWS event streams, taken apart as bytes arrive. Pure.

Facts: the specification `application/vnd.amazon.eventstream`: a prelude of two lengths and a checksum, headers, a
payload, a checksum. Frames are at most 16 MiB; one beyond `FRAME_LIMIT` is stepped over, nothing of it is kept.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

FRAME_LIMIT: Final = 1 << 20
_LARGEST: Final = 32 << 20
_PRELUDE: Final = struct.Struct(">III")
_CHECKSUM: Final = 4
_TEXT: Final = 7
# Lengths of header values by type; 6 and 7 (bytes, text) carry theirs.
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class Frame(NamedTuple):
    """One message: its text headers and its payload."""

    headers: dict[str, str]
    payload: bytes


class Frames:
    """Takes bytes in any pieces, gives whole frames.

    Attributes:
        skipped: frames stepped over because they were too long.
        broken: the bytes turned out to be no event stream; the rest of them is not looked at.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self.skipped = 0
        self.broken = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with these bytes."""
        if self.broken:
            return
        if self._skip:
            gone = min(self._skip, len(data))
            self._skip -= gone
            data = data[gone:]
        self._buffer += data
        while len(self._buffer) >= _PRELUDE.size:
            length, header_length, checksum = _PRELUDE.unpack_from(self._buffer)
            sound = zlib.crc32(self._buffer[:8]) == checksum
            if not sound or not _PRELUDE.size + header_length + _CHECKSUM <= length <= _LARGEST:
                self._buffer.clear()
                self.broken = True
                return
            if length > FRAME_LIMIT:
                self._step_over(length)
                continue
            if len(self._buffer) < length:
                return
            frame = bytes(self._buffer[:length])
            del self._buffer[:length]
            start = _PRELUDE.size + header_length
            yield Frame(_headers(frame[_PRELUDE.size : start]), frame[start:-_CHECKSUM])

    def _step_over(self, length: int) -> None:
        self.skipped += 1
        gone = min(length, len(self._buffer))
        self._skip = length - gone
        del self._buffer[:gone]


def _headers(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while position < len(block):
        name_end = position + 1 + block[position]
        name = block[position + 1 : name_end].decode("ascii", "replace")
        kind = block[name_end] if name_end < len(block) else -1
        start = name_end + 1
        if kind in _FIXED:
            position = start + _FIXED[kind]
            continue
        if kind not in (6, _TEXT):
            break
        length = int.from_bytes(block[start : start + 2], "big")
        position = start + 2 + length
        if kind == _TEXT:
            found[name] = block[start + 2 : position].decode("utf-8", "replace")
    return found
