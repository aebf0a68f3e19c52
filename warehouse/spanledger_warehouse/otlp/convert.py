"""What protobuf and JSON share: from plain Python values of a span to a `span` record.

Nothing that arrives is trusted: a value of another type than its key has is kept as text, so that the warehouse's
casting rules judge it; events, links and status messages, which may quote prompts, are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from spanledger import attributes as own
from spanledger_warehouse.otlp.names import (
    ADDRESSES,
    COUNTS_IN_JSON,
    ENVIRONMENT_NAMES,
    FLAGS,
    RESOURCE_KEYS,
    RULES,
    SERVICE_NAMES,
    WHOLE_NUMBERS,
    is_content,
    is_content_text,
)

Record = dict[str, Any]
VERSION: Final = 1
OUR_SCOPE: Final = "spanledger"
# A text of an attribute that we do not know; what is longer is most likely content, and says only how long it was.
MAX_UNKNOWN_TEXT: Final = 4096
KINDS: Final = (None, "internal", "server", "client", "producer", "consumer")
STATUSES: Final = ("unset", "ok", "error")
# Nanoseconds of 2020-01-01 and 2100-01-01: what the loader takes for a time.
EARLIEST: Final = 1_577_836_800_000_000_000
LATEST: Final = 4_102_444_800_000_000_000

_PROCESS = re.compile(r"[0-9a-f]{32}")
_HEX = re.compile(r"[0-9a-f]+")
_NUMBER = re.compile(r"-?[0-9]{1,19}([.][0-9]{1,19})?")


def origin(resource: Mapping[str, Any], scope: str, scope_version: str) -> Record:
    """The keys that all spans of one scope of one resource share."""
    keys: Record = {"v": VERSION, "kind": "span"}
    if scope:
        keys["scope"] = as_text(scope)
    if scope_version:
        keys["scope_version"] = as_text(scope_version)
    rest = {}
    for name, value in resource.items():
        if name in SERVICE_NAMES:
            # The SDKs' stand-in `unknown_service…` means that nobody named it.
            if not as_text(value).startswith("unknown_service"):
                keys["service"] = as_text(value)
        elif name in RESOURCE_KEYS:
            keys[RESOURCE_KEYS[name]] = as_text(value)
        elif name not in ENVIRONMENT_NAMES and _may_stay(name, value):
            rest[name] = _bounded(value)
    for name in ENVIRONMENT_NAMES:
        if name in resource:
            keys["environment"] = as_text(resource[name])
            break
    if rest:
        keys["resource"] = rest
    return keys


def fill(record: Record, attributes: Iterable[tuple[str, Any]]) -> Record:
    """Put a span's attributes into its record: known ones under their keys, the others under `attributes`."""
    rest: Record = {}
    ranks: dict[str, int] = {}
    process = sequence = None
    for name, value in attributes:
        rule = RULES.get(name)
        if rule is not None:
            key, rank = rule
            if rank <= ranks.get(key, rank):
                ranks[key] = rank
                record[key] = value if type(value) is str and key not in WHOLE_NUMBERS else typed(key, value)
            if rank:
                rest[name] = _bounded(value)
        elif name == own.PROCESS:
            process = value
        elif name == own.SEQUENCE:
            sequence = value
        elif name in COUNTS_IN_JSON:
            rest[name] = _bounded(_counts(value))
        elif _may_stay(name, value):
            if name in ADDRESSES:
                value = _address(value)
            # Nearly all of them are short texts, and need no closer look.
            short = type(value) is str and len(value) <= MAX_UNKNOWN_TEXT
            rest[name] = value if short else _bounded(value)
    _identify(record, rest, process, sequence)
    if rest:
        record["attributes"] = rest
    return record


def _may_stay(name: str, value: Any) -> bool:
    return not is_content(name) and (isinstance(value, int | float) or not is_content_text(name))


def _identify(record: Record, rest: Record, process: Any, sequence: Any) -> None:
    """Process and sequence identify the call only on a span of our own; elsewhere they are attributes like others."""
    ours = (
        record.get("scope") == OUR_SCOPE
        and type(process) is str
        and _PROCESS.fullmatch(process)
        and type(sequence) is int
        and 0 < sequence < 10**18
    )
    if ours:
        record["process"], record["sequence"] = process, sequence
        return
    for name, value in ((own.PROCESS, process), (own.SEQUENCE, sequence)):
        if value is not None:
            rest[name] = _bounded(value)


def typed(key: str, value: Any) -> Any:
    """The value under a typed key: of the key's type as it is, of any other type as text."""
    if key in WHOLE_NUMBERS:
        return value if type(value) is int else as_text(value)
    if key in FLAGS:
        return value if type(value) is bool else as_text(value)
    return as_text(value)


def as_text(value: Any) -> str:
    """Any attribute value as text; a truth value is `true` or `false`, never 1 or 0."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return "" if value is None else str(value)


def _bounded(value: Any) -> Any:
    """A value as JSON can hold it; an over-long text is replaced by its length."""
    if type(value) is str:
        return value if len(value) <= MAX_UNKNOWN_TEXT else f"[{len(value)} characters, not stored]"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list | dict):
        size = len(as_text(value))
        return _finite(value) if size <= MAX_UNKNOWN_TEXT else f"[{size} characters, not stored]"
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items() if not is_content(name)}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _counts(value: Any) -> Any:
    """Of a JSON text (or an object) the numbers with their names; of anything else nothing."""
    try:
        found = json.loads(value) if type(value) is str else value
        return json.dumps(_numbers(found), separators=(",", ":")) if isinstance(found, dict) else ""
    except (ValueError, RecursionError):
        return ""


def _numbers(value: dict[str, Any]) -> dict[str, Any]:
    found = {name: _numbers(item) if isinstance(item, dict) else item for name, item in value.items()}
    return {
        name: _finite(item)
        for name, item in found.items()
        if (isinstance(item, dict) and item)
        or isinstance(item, int | float)
        or (type(item) is str and _NUMBER.fullmatch(item))
    }


def _address(value: Any) -> Any:
    return value.partition("?")[0].partition("#")[0] if isinstance(value, str) else _bounded(value)


def identifier(text: str, size: int) -> str | None:
    """An id of `size` bytes as lower-case hex; None where there is none. What is no id stays as it came.

    Some emitters write base64 where OTLP/JSON asks for hex; its length tells them apart.
    """
    lowered = text.lower()
    if len(text) == -(-size // 3) * 4 and not (len(lowered) == size * 2 and _HEX.fullmatch(lowered)):
        try:
            decoded = base64.b64decode(text, validate=True)
        except binascii.Error:
            return text
        lowered = decoded.hex() if len(decoded) == size else text
    return lowered if lowered.strip("0") else None


class Problem(NamedTuple):
    """Why a record is not taken: the short name that `raw.rejects` knows it by, and the value in words."""

    reason: str
    detail: str


def problem_of(record: Record) -> Problem | None:
    """Why the loader would refuse this record; None when it will not."""
    if "process" not in record and not (_is_id(record, "trace_id", 32) and _is_id(record, "span_id", 16)):
        ids = f"trace_id={record.get('trace_id')!r:.40}, span_id={record.get('span_id')!r:.40}"
        return Problem("no_identity", f"no valid ids: {ids}")
    for key in ("start_time_unix_nano", "end_time_unix_nano"):
        value = record.get(key)
        if type(value) is not int or not EARLIEST <= value < LATEST:
            return Problem("bad_time", f"{key}={value!r:.40} is not a time between 2020 and 2099")
    return None


def _is_id(record: Record, key: str, length: int) -> bool:
    value = record.get(key)
    return type(value) is str and len(value) == length and _HEX.fullmatch(value) is not None
