"""Finds the few lines of a stream that matter, in whatever pieces bytes arrive, and keeps nothing else."""

from typing import Any, Final

from spanledger import payload
from spanledger.providers.facts import Facts, Family

LINE_LIMIT: Final = 1 << 20
DOCUMENT_LIMIT: Final = 8 << 20
_COMPACT_AT: Final = 1 << 16
# The first lines carry id and model; Azure's very first does not.
_OPENING_LINES: Final = 8


class Buffer:
    """Collects a line or document; long strings in it are emptied as it grows, beyond `limit` it gives up."""

    __slots__ = ("_compact_at", "_limit", "_parts", "_size", "overflowed")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.overflowed = False
        self._reset()

    def _reset(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._compact_at = _COMPACT_AT

    def __bool__(self) -> bool:
        return self._size > 0 or self.overflowed

    def add(self, data: bytes) -> None:
        """Append bytes."""
        if self.overflowed:
            return
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._compact_at:
            short = payload.elide(b"".join(self._parts))
            self._parts, self._size = [short], len(short)
            # Twice what is left: compacting stays linear in what arrives.
            self._compact_at = max(_COMPACT_AT, 2 * self._size)
            if self._size > self._limit:
                self._reset()
                self.overflowed = True

    def take(self) -> bytes | None:
        """What was collected, None if it was too much; the buffer is empty afterwards."""
        whole = None if self.overflowed else b"".join(self._parts)
        self.overflowed = False
        self._reset()
        return whole


class BodyScanner:
    """Feeds one answer, a document or a stream of lines, to the decoder of its family.

    Args:
        family: how to read it.
        facts: where the findings go.
        lines: True for SSE and NDJSON, False for one document, None to tell by the first byte.
    """

    __slots__ = ("_buffer", "_facts", "_family", "_lines", "_needles", "_opening", "_passing", "events")

    def __init__(self, family: Family, facts: Facts, lines: bool | None) -> None:
        self._family = family
        self._facts = facts
        self._lines = lines
        self._needles = family.needles
        self._opening = _OPENING_LINES
        # Between two lines, the opening ones behind us: the state in which nearly every chunk arrives.
        self._passing = False
        self._buffer = Buffer(LINE_LIMIT if lines else DOCUMENT_LIMIT)
        self.events = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the decoded body."""
        if self._passing and data[-1:] == b"\n":
            for needle in self._needles:
                if needle in data:
                    break
            else:
                return
        if self._lines is None:
            start = data.lstrip()
            if not start:
                return
            # Anything that does not open like JSON is SSE: `data:`, `event:` or a comment.
            self._lines = start[:1] not in (b"{", b"[")
            self._buffer = Buffer(LINE_LIMIT if self._lines else DOCUMENT_LIMIT)
        if self._lines:
            self._feed_lines(data)
            self._passing = not self._opening and not self._buffer
        else:
            self._buffer.add(data)

    def _feed_lines(self, data: bytes) -> None:
        first, *rest = data.split(b"\n")
        if not rest:
            self._buffer.add(first)
            return
        if self._buffer:
            self._buffer.add(first)
            opened = self._buffer.take()
            if opened is None:
                self._facts.missing_because("too_long")
            else:
                self._line(opened)
        else:
            self._line(first)
        last = rest.pop()
        for line in rest:
            self._line(line)
        if last:
            self._buffer.add(last)

    def end(self) -> None:
        """The body is over, by whatever cause: read what is still in the buffer."""
        rest = self._buffer.take()
        if rest is None:
            self._facts.missing_because("too_long")
        elif self._lines:
            self._line(rest)
        elif rest.strip():
            self._object(payload.load(rest))
            if self._facts.final is None:
                self._facts.final = True

    def _line(self, line: bytes) -> None:
        line = line.strip()
        if line[:5] == b"data:":
            line = line[5:].lstrip()
        if line[:1] != b"{":
            return
        self.events = True
        if self._opening:
            self._opening -= 1
        else:
            for needle in self._needles:
                if needle in line:
                    break
            else:
                return
        if len(line) > LINE_LIMIT:
            line = payload.elide(line)
            if len(line) > LINE_LIMIT:
                self._facts.missing_because("too_long")
                return
        self._object(payload.load(line))

    def _object(self, body: Any) -> None:
        if type(body) is dict:
            self._family.read(self._facts, body)
            if self._facts.response_model is not None:
                self._opening = 0


def reader(family: Family, facts: Facts, content_type: str | None) -> BodyScanner:
    """The scanner for an answer of this content type."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    lines = True if kind in ("text/event-stream", "application/x-ndjson", "application/jsonl") else None
    return BodyScanner(family, facts, lines)
