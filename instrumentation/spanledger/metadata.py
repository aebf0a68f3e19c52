"""Bounds the caller's metadata: what it may hold, how much of it, and never an exception."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

MAX_KEYS: Final = 32
MAX_KEY_LENGTH: Final = 64
MAX_TEXT: Final = 256
MAX_BYTES: Final = 4096
MAX_DEPTH: Final = 3
TRUNCATED: Final = "_truncated"


def name(value: object) -> str | None:
    """A tenant or operation as text of at most 256 characters; None for nothing and for blanks."""
    if value is None:
        return None
    return text(value).strip()[:MAX_TEXT] or None


def text(value: object) -> str:
    """`str(value)`, or the name of its type when that fails."""
    if type(value) is str:
        return value
    try:
        return str(value)
    except Exception:  # a caller's __str__ may do anything
        return type(value).__name__


def encode(facts: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Bound metadata and write it as a JSON object.

    Args:
        facts: the caller's mapping; values that JSON does not know become text.

    Returns:
        The bounded facts, read-only, and their JSON text (None when nothing is left). When something had
        to go, `_truncated` says so.
    """
    kept, cut = _mapping(facts, MAX_DEPTH)
    if cut:
        kept[TRUNCATED] = True
    encoded = _dump(kept)
    while len(encoded.encode("utf-8", "replace")) > MAX_BYTES:
        # The latest keys go first: the outer contexts' keys came before them.
        kept.pop(TRUNCATED, None)
        kept.popitem()
        kept[TRUNCATED] = True
        encoded = _dump(kept)
    return MappingProxyType(kept), encoded if kept else None


def _dump(kept: dict[str, Any]) -> str:
    return _ENCODER.encode(kept)


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _mapping(facts: Mapping[str, Any], depth: int) -> tuple[dict[str, Any], bool]:
    kept: dict[str, Any] = {}
    cut = False
    try:
        items = list(facts.items())
    except Exception:  # not a mapping, or one that does not behave
        return {}, True
    for key, value in items:
        if len(kept) >= MAX_KEYS:
            return kept, True
        kept[text(key)[:MAX_KEY_LENGTH]], shortened = _value(value, depth - 1)
        cut = cut or shortened
    return kept, cut


def _value(value: Any, depth: int) -> tuple[Any, bool]:
    if value is None or value is True or value is False:
        return value, False
    if type(value) is int:
        # Beyond 64 bits a number would not survive the way into a table.
        return (value, False) if -(2**63) <= value < 2**63 else (None, True)
    if type(value) is float:
        return (value, False) if value - value == 0 else (text(value), False)
    if isinstance(value, Mapping):
        return _mapping(value, depth) if depth > 0 else ({}, True)
    if isinstance(value, list | tuple | set | frozenset):
        if depth <= 0:
            return [], True
        members = [_value(member, depth - 1) for member in list(value)[:MAX_KEYS]]
        return [m for m, _ in members], len(value) > MAX_KEYS or any(cut for _, cut in members)
    written = text(value)
    return written[:MAX_TEXT], len(written) > MAX_TEXT
