"""Response bodies of the stood-in providers: pure functions of the request, one module a provider."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

# Every body carries one fixed instant: an answer depends on its request alone.
CREATED = 1787000000

_MARK = "@decimal:"

Json = dict[str, Any]


def request_digest(request: Json) -> str:
    """Hex digest that stands for the request in the ids of its answer."""
    return hashlib.sha256(repr(sorted(request.items())).encode()).hexdigest()


def prompt_text(request: Json) -> str:
    """Everything the caller said, as one text: messages, system prompt and embedding inputs."""
    texts: list[str] = []
    _collect(request.get("system"), texts)
    _collect(request.get("input"), texts)
    _collect(request.get("messages"), texts)
    return "\n".join(texts)


def words(order_call: str) -> list[str]:
    """The words of a made-up answer; a stream sends them one chunk each."""
    return ["Answer", " to", f" {order_call}", ":", " done", "."]


def decimal_number(value: Decimal) -> str:
    """A stand-in for `value` inside a body, which `to_json` writes as a plain JSON number."""
    return f"{_MARK}{value.normalize():f}"


def to_json(body: Json) -> str:
    """The body as JSON; money is written digit by digit and never becomes a float."""
    head, *rest = json.dumps(body, separators=(",", ":")).split(f'"{_MARK}')
    return head + "".join(part.replace('"', "", 1) for part in rest)


def _collect(value: object, into: list[str]) -> None:
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, list):
        for item in value:
            _collect(item, into)
    elif isinstance(value, dict):
        _collect(value.get("content", value.get("text")), into)
