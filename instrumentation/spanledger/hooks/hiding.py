"""Takes the usage out of a stream again for a caller who did not ask for it: the frame that holds nothing else,
and the `"usage":null` of all others. Every other byte passes, at the latest with the end of its line.
"""

from collections.abc import Mapping, MutableMapping
from typing import Final

from spanledger import payload
from spanledger.diagnostics import internal_error, warn_once
from spanledger.hooks.decompression import Recompressor, decompressor, recompressor

# A usage frame is far shorter; of a longer line, nothing is held back.
_LONGEST: Final = 16_384
_NOTHING_SAID: Final = (b',"usage":null', b', "usage": null')


class Lines:
    """The filter on plain bytes."""

    def __init__(self) -> None:
        self._held = b""
        self._long = False
        self._gap = False

    def feed(self, data: bytes) -> bytes:
        """What the caller may have of these bytes, and of what was held back before."""
        if self._long:
            end = data.find(b"\n") + 1
            if not end:
                return data
            self._long = False
            return data[:end] + self.feed(data[end:])
        data = self._held + data
        end = data.rfind(b"\n") + 1
        self._held = data[end:]
        shown = self._whole(data[:end])
        if len(self._held) > _LONGEST:
            shown, self._held, self._long = shown + self._held, b"", True
        return shown

    def end(self) -> bytes:
        """The stream is over: what is left of what was held back."""
        rest, self._held = self._held, b""
        return b"" if _is_hidden(rest) else rest

    def _whole(self, lines: bytes) -> bytes:
        for written in _NOTHING_SAID:
            lines = lines.replace(written, b"")
        if not self._gap and b'"usage"' not in lines:
            return lines
        shown = []
        for line in lines.split(b"\n")[:-1]:
            # The blank line that ends a hidden frame goes with it.
            if self._gap and not line.strip():
                self._gap = False
                continue
            self._gap = _is_hidden(line)
            if not self._gap:
                shown.append(line + b"\n")
        return b"".join(shown)


def _is_hidden(line: bytes) -> bool:
    if not line.startswith(b"data:") or b'"usage"' not in line:
        return False
    frame = payload.load(line[5:])
    return type(frame) is dict and frame.get("choices") == [] and type(frame.get("usage")) is dict


class _Recoded:
    """The filter on compressed bytes: undone, filtered, done again, so that the response's headers stay true."""

    def __init__(self, encoding: str, again: Recompressor) -> None:
        self._lines = Lines()
        self._plain: list[bytes] = []
        self._decompress = decompressor(encoding, self._plain.append)
        self._again = again
        self._broken = False

    def feed(self, data: bytes) -> bytes:
        if self._broken or self._decompress is None:
            return data
        try:
            self._decompress(data)
            shown = self._lines.feed(b"".join(self._plain))
            self._plain.clear()
            return self._again.step(shown) if shown else b""
        except Exception:
            # The caller's own decoder will find the same fault in it.
            self._broken = True
            return data

    def end(self) -> bytes:
        return b"" if self._broken else self._again.step(self._lines.end()) + self._again.end()


class Hiding:
    """Takes the bytes of a streamed answer as they came, gives those that the caller may have.

    Args:
        headers: of the response, found by lower-case name; only a stream of events holds a frame to hide.
        encoding: its Content-Encoding when the bytes to come are still encoded.
    """

    def __init__(self, headers: Mapping[str, str], encoding: str | None) -> None:
        self._filter: Lines | _Recoded | None = None
        if not headers.get("content-type", "").strip().lower().startswith("text/event-stream"):
            return
        written = (encoding or "").strip().lower()
        if written in ("", "identity"):
            self._filter = Lines()
        elif (again := recompressor(written)) is not None:
            self._filter = _Recoded(written, again)
        else:
            warn_once(
                "not_hidden",
                "Spanledger asked a stream for its usage and cannot hide the answer, which came in the encoding %s.",
                written,
            )

    def correct(self, headers: MutableMapping[str, str]) -> None:
        """Take a length out of the response's headers that is no longer true, before anybody passes it on."""
        if self._filter is not None:
            headers.pop("content-length", None)

    def feed(self, data: bytes) -> bytes:
        """The caller's part of these bytes; it may be none."""
        if self._filter is None:
            return data
        try:
            return self._filter.feed(data)
        except Exception:
            self._filter = None
            internal_error("hiding usage")
            return data

    def end(self) -> bytes:
        """What the caller still gets when the stream is over, or breaks off."""
        done, self._filter = self._filter, None
        try:
            return b"" if done is None else done.end()
        except Exception:
            internal_error("hiding usage")
            return b""

    def whole(self, body: bytes) -> bytes:
        """The caller's part of a body that is all there."""
        return self.feed(body) + self.end()
