"""Reads binary AWS event streams (Bedrock): frames to events, events to the decoder; keeps at most one frame."""

import base64
import re
from typing import Final

from spanledger import payload
from spanledger.providers.eventstream import Frame, Frames
from spanledger.providers.facts import Facts, Family, read_error

_WRAPPED: Final = re.compile(rb'\s*\{\s*"bytes"\s*:\s*"')


class FrameScanner:
    """Feeds the events of a binary AWS event stream to the decoder of its family.

    Args:
        family: how to read them.
        facts: where the findings go.
    """

    __slots__ = ("_facts", "_family", "_frames", "events")

    def __init__(self, family: Family, facts: Facts) -> None:
        self._family = family
        self._facts = facts
        self._frames = Frames()
        self.events = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the decoded body."""
        for frame in self._frames.feed(data):
            self.events = True
            self._frame(frame)

    def end(self) -> None:
        """The body is over; a frame that is not all there says nothing."""
        if self._frames.skipped:
            self._facts.missing_because("too_long")
        if self._frames.broken:
            self._facts.missing_because("unreadable")

    def _frame(self, frame: Frame) -> None:
        body = frame.payload
        kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code")
        if kind is not None:
            said = payload.load(body)
            message = said.get("message") if type(said) is dict else frame.headers.get(":error-message")
            read_error(self._facts, {"type": kind, "message": message})
            return
        if wrapped := _WRAPPED.match(body):
            body = _inner(body, wrapped.end())
        for needle in self._family.needles:
            if needle in body:
                found = payload.load(body)
                if type(found) is dict:
                    self._family.read(self._facts, found)
                return


def _inner(body: bytes, start: int) -> bytes:
    """What a chunk of InvokeModelWithResponseStream wraps; nothing when it is not what it says."""
    # Base64 holds no quote; decoding the JSON around it would step over a long one.
    try:
        return base64.b64decode(body[start : body.index(b'"', start)])
    except ValueError:
        return b""
