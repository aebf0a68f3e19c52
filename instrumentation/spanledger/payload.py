"""Reads JSON bodies: exact numbers, and long texts stepped over instead of decoded. Pure."""

import json
import re
from typing import Any, Final

from spanledger.providers.facts import NumberText

# A provider's ids, models and usage are far shorter; only content is longer than this.
LONG: Final = 8192
_WORTH_IT: Final = 4 * LONG
_SPARSE: Final = 200
_SAMPLE: Final = 4096


def load(body: bytes) -> Any:
    """Decode a JSON body. Numbers with a point or exponent stay the characters that were sent.

    Strings and number lists longer than 8 KiB may come back empty: nothing we look for is that long, and a
    megabyte of prompt then costs next to nothing.

    Args:
        body: UTF-8 JSON.

    Returns:
        The value, or None when the body is not JSON.
    """
    body = _shortened(body)
    if body[:3] == _BOM:
        body = body[3:]
    try:
        text = body.decode()
        value, end = _DECODER.raw_decode(text, 0 if text[:1] == "{" else _after_space(text, 0))
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) or _after_space(text, end) == len(text) else None


def load_elements(body: bytes) -> tuple[list[Any], bool]:
    """Decode the elements of a JSON array, also of one that breaks off.

    Args:
        body: UTF-8 JSON that begins with `[`.

    Returns:
        The whole elements, read as `load` reads them, and whether the array was whole.
    """
    written = _shortened(body).decode("utf-8", "replace")
    position = _after_space(written, written.find("[") + 1)
    elements: list[Any] = []
    while position < len(written) and written[position] != "]":
        try:
            element, position = _DECODER.raw_decode(written, position)
        except (ValueError, RecursionError):
            return elements, False
        elements.append(element)
        position = _after_space(written, position)
        if written[position : position + 1] == ",":
            position = _after_space(written, position + 1)
    return elements, position < len(written)


def _after_space(written: str, position: int) -> int:
    found = _SPACE.match(written, position)
    return found.end() if found else position


def _shortened(body: bytes) -> bytes:
    # Where quotes are close together there is little to step over.
    return (_stepped(body) or body) if len(body) > _WORTH_IT else body


def _looks_dense(text: bytes) -> bool:
    """Whether a quote is close to the next, by three samples: counting all of them takes longer than stepping."""
    middle = len(text) // 2
    found = sum(text.count(b'"', at, at + _SAMPLE) for at in (0, middle, max(0, len(text) - _SAMPLE)))
    return found * _SPARSE > 3 * min(_SAMPLE, len(text))


# Infinity and NaN are no JSON, but some servers send them.
_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder(parse_float=NumberText, parse_constant=str)


def elide(body: bytes) -> bytes:
    """Empty the strings and number lists longer than `LONG` bytes, also in a body that is not all there yet.

    Args:
        body: JSON text or a beginning of it.

    Returns:
        Shorter JSON text; the rest of the body may be appended to it.
    """
    return _stepped(body) or _elide_dense(body)


def _stepped(body: bytes) -> bytes | None:
    """The same in steps from quote to quote; None when there are so many that it would take long."""
    if _looks_dense(body):
        return None
    kept: list[bytes] = []
    copied = position = 0
    steps = len(body) // _SPARSE + _SAMPLE
    while (start := body.find(b'"', position)) >= 0:
        if start - position > LONG:
            kept.append(body[copied:position])
            kept.append(_without_numbers(body[position:start]))
            copied = start
        steps -= 1
        if steps < 0:
            return None
        end = _closing_quote(body, start + 1)
        if end < 0:
            if len(body) - start > LONG:
                kept.append(body[copied : start + 1])
                # An odd backslash at the end still escapes what comes next.
                kept.append(b"\\" * ((len(body) - len(body.rstrip(b"\\"))) % 2))
                copied = len(body)
            position = len(body)
            break
        if end - start > LONG:
            kept.append(body[copied : start + 1])
            copied = end
        position = end + 1
    kept.append(body[copied:position])
    kept.append(_without_numbers(body[position:]) if len(body) - position > LONG else body[position:])
    return b"".join(kept)


def _elide_dense(body: bytes) -> bytes:
    """The same without a step of ours per string, for a body that is full of them."""
    kept: list[bytes] = []
    position = 0
    while found := _NEXT_LONG.match(body, position):
        start, end = found.span(1)
        closed = body[end : end + 1] == b'"'
        if not closed and end - start <= LONG:
            break  # a short string that is not all there yet
        kept.append(body[position:start])
        kept.append(body[end : end + closed])
        position = end + closed
    kept.append(body[position:])
    return _LONG_LIST.sub(b"[]", b"".join(kept))


# Strings up to about 8 KiB, or fewer with many escapes, then the opening quote and the inside of one that is longer.
_NEXT_LONG: Final = re.compile(
    rb'(?:[^"]*+"(?:[^"\\]{1,64}+|\\.){0,128}+")*+[^"]*+"((?:[^"\\]++|\\.)*+)', re.DOTALL
)
_INSIDE: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_LONG_LIST: Final = re.compile(rb"\[[-+0-9.eE,\s]{8192,}+\]")


def _closing_quote(body: bytes, position: int) -> int:
    quote = body.find(b'"', position)
    if quote < 0 or body[quote - 1] != 0x5C:
        return quote
    found = _INSIDE.match(body, position)
    end = found.end() if found else len(body)
    return end if body[end : end + 1] == b'"' else -1


def _without_numbers(text: bytes) -> bytes:
    """Empty the long innermost lists of a stretch of JSON; called where it holds no string worth keeping."""
    kept: list[bytes] = []
    copied = position = 0
    steps = len(text) // _SPARSE + _SAMPLE
    while (start := text.find(b"[", position)) >= 0:
        end = text.find(b"]", start)
        steps -= 1
        if end < 0:
            break
        if steps < 0:
            return _LONG_LIST.sub(b"[]", text)
        start = text.rfind(b"[", start, end)
        if end - start > LONG:
            kept.append(text[copied : start + 1])
            copied = end
        position = end + 1
    kept.append(text[copied:])
    return b"".join(kept)
