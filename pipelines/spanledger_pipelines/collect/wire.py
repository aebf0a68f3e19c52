"""Looks at an export request on the wire, before anything is parsed: how much is in it, and where its spans are.

An empty span takes two bytes on the wire and a hundred times that once parsed, so counting comes first: 19 KiB of gzip
can hold ten million of them. The walk makes no objects, and stops at the cap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from spanledger_pipelines.collect.limits import Limits, malformed, too_large

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 60


@dataclass
class _Node:
    """A message type: which of its fields are messages, and whether one of it counts against the attributes."""

    counts: bool = False
    children: dict[int, _Node] = field(default_factory=dict)


_VALUE, _KEY_VALUE = _Node(counts=True), _Node(counts=True)
_KEY_VALUE.children = {2: _Node(children=_VALUE.children)}
_VALUE.children.update({5: _Node(children={1: _VALUE}), 6: _Node(children={1: _KEY_VALUE})})
_SPAN = _Node(
    children={
        9: _KEY_VALUE,
        11: _Node(counts=True, children={3: _KEY_VALUE}),
        13: _Node(counts=True, children={4: _KEY_VALUE}),
    }
)
_RESOURCE = _Node(children={1: _KEY_VALUE, 3: _Node(counts=True)})
_SCOPE = _Node(children={3: _KEY_VALUE})
_SCOPE_SPANS = _Node(counts=True, children={1: _SCOPE, 2: _SPAN})
_RESOURCE_SPANS = _Node(counts=True, children={1: _RESOURCE, 2: _SCOPE_SPANS})
_REQUEST = _Node(children={1: _RESOURCE_SPANS})


def check(body: bytes, limits: Limits) -> int:
    """Count what a request holds.

    Returns:
        The number of spans.

    Raises:
        RefusedError: 413 when there are too many spans or attributes, 400 when the body is no protobuf.
    """
    spans = 0
    # A counted message takes two bytes at least, so a short body cannot hold too many.
    if len(body) > 2 * limits.attributes:
        try:
            _count(body, 0, len(body), _REQUEST, limits.attributes)
        except OverflowError:
            raise too_large(
                "the attributes, events and links", limits.attributes, "--max-attributes"
            ) from None
    for outer in _messages(body, 0, len(body), 1):
        for middle in _messages(body, *outer, 2):
            for _ in _messages(body, *middle, 2):
                spans += 1
                if spans > limits.spans:
                    raise too_large("the spans", limits.spans, "--max-spans")
    return spans


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span is, and the resource and scope in whose lists it stands (start and end of each)."""

    resource_spans: tuple[int, int]
    scope_spans: tuple[int, int]
    span: tuple[int, int]


def span_places(body: bytes) -> Iterator[Place]:
    """The spans of a request, in order."""
    for outer in _messages(body, 0, len(body), 1):
        for middle in _messages(body, *outer, 2):
            for inner in _messages(body, *middle, 2):
                yield Place(outer, middle, inner)


def messages(body: bytes, start: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    """Start and end of each field `number` in a part of the body."""
    return _messages(body, start, end, number)


def _messages(body: bytes, start: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    for found, first, last in _fields(body, start, end):
        if found == number:
            yield first, last


def _count(body: bytes, start: int, end: int, node: _Node, left: int, depth: int = 0) -> int:
    """What is left of the allowance after a message's fields; OverflowError when nothing is."""
    if depth > _MAX_DEPTH:
        raise malformed("its values are nested too deep")
    for number, first, last in _fields(body, start, end):
        child = node.children.get(number)
        if child is None:
            continue
        if child.counts:
            left -= 1
            if left < 0:
                raise OverflowError
        if child.children and last > first:
            left = _count(body, first, last, child, left, depth + 1)
    return left


def _fields(body: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each length-delimited field; others are stepped over."""
    while position < end:
        tag = body[position]
        position += 1
        if tag > 127:
            tag, position = _varint(body, position - 1, end)
        kind = tag & 7
        if kind == _LENGTH:
            size, position = _varint(body, position, end)
            if size > end - position:
                raise malformed("a field is longer than the message it is in")
            yield tag >> 3, position, position + size
            position += size
        elif kind == _VARINT:
            _, position = _varint(body, position, end)
        elif kind in {_FIXED64, _FIXED32}:
            position += 8 if kind == _FIXED64 else 4
            if position > end:
                raise malformed("a number is cut off")
        else:
            raise malformed(f"wire type {kind} at byte {position - 1} has no place in it")


def _varint(body: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end:
        byte = body[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            break
    raise malformed("a number is cut off or too long")
