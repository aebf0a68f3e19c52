"""Finds the few lines of a stream that matter, in whatever pieces bytes arrive, and keeps nothing else."""

from typing import Any, Final, Protocol

from spanledger import payload
from spanledger.frame_scanner import FrameScanner
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

    __slots__ = (
        "_buffer",
        "_facts",
        "_family",
        "_frames",
        "_lines",
        "_needles",
        "_opening",
        "_passing",
        "events",
    )

    def __init__(self, family: Family, facts: Facts, lines: bool | None) -> None:
        self._family = family
        self._facts = facts
        self._lines = lines
        self._frames: FrameScanner | None = None
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
        if self._frames is not None:
            self._frames.feed(data)
            self.events = self._frames.events
            return
        if self._lines is None:
            start = data.lstrip()
            if not start:
                return
            if start[:1] == b"\0":
                # The first length of a binary frame is below 16 MiB.
                self._frames = FrameScanner(self._family, self._facts)
                self.feed(data)
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
        if self._frames is not None:
            self._frames.end()
            return
        rest = self._buffer.take()
        if rest is None:
            self._facts.missing_because("too_long")
        elif self._lines:
            self._line(rest)
        elif rest.strip():
            self._document(rest)

    def _document(self, body: bytes) -> None:
        if body.lstrip()[:1] == b"[":
            # Gemini streams a JSON array, element by element; one that breaks off still says what it has said.
            elements, whole = payload.load_elements(body)
            self.events = len(elements) > 1
            for element in elements:
                self._object(element)
        else:
            value = payload.load(body)
            whole = value is not None
            if whole:
                self._object(value)
            else:
                self._undeclared_lines(body.split(b"\n"))
        if whole and self._facts.final is None:
            self._facts.final = True

    def _undeclared_lines(self, lines: list[bytes]) -> None:
        """Lines of JSON, in an answer whose head did not say so."""
        if type(payload.load(lines[0])) is dict:
            for line in lines:
                self._line(line)

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


class Scanner(Protocol):
    """Takes the bytes of an answer in whatever pieces they arrive.

    Attributes:
        events: the answer turned out to be a stream of events.
    """

    events: bool

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the decoded body."""

    def end(self) -> None:
        """The body is over, by whatever cause."""


# Lines of JSON open like one document. SSE does not, and an error of its server may be one: the first byte tells.
_LINES: Final = ("application/x-ndjson", "application/jsonl", "application/stream+json")
_FRAMES: Final = "application/vnd.amazon.eventstream"


def reader(family: Family, facts: Facts, content_type: str | None) -> Scanner:
    """The scanner for an answer of this content type."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind == _FRAMES:
        return FrameScanner(family, facts)
    return BodyScanner(family, facts, True if kind in _LINES else None)
