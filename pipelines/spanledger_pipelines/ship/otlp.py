"""Records back to OTLP: what `spanledger_warehouse.otlp` reads as the same record again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger import attributes as own
from spanledger.records import KEYS
from spanledger_warehouse.otlp.convert import KINDS, STATUSES

BATCH: Final = 512
_NAMES: Final = {key: name for name, key in KEYS.items()} | {
    "process": own.PROCESS,
    "sequence": own.SEQUENCE,
}
_RESOURCE: Final = {"service": own.SERVICE_NAME, "environment": own.DEPLOYMENT_ENVIRONMENT_NAME}
_IDS: Final = ("trace_id", "span_id", "parent_span_id")
_TIMES: Final = ("start_time_unix_nano", "end_time_unix_nano")
_SCOPE: Final = ("scope", "scope_version")
_NESTED: Final = ("attributes", "resource")
# Keys that have a place of their own in a span.
_PLAIN: Final = frozenset(
    ("v", "kind", "name", "span_kind", "status_code", *_IDS, *_TIMES, *_SCOPE, *_NESTED)
)
# A key of a newer SDK than this shipper still travels, under its own name.
UNKNOWN: Final = "spanledger.record."


def requests(segment: bytes) -> Iterator[ExportTraceServiceRequest]:
    """The spans of a segment in export requests of `BATCH` spans; loss and segment records have no place in OTLP."""
    batch: list[dict[str, Any]] = []
    for record in span_records(segment):
        batch.append(record)
        if len(batch) == BATCH:
            yield request(batch)
            batch = []
    if batch:
        yield request(batch)


def span_records(segment: bytes) -> Iterator[dict[str, Any]]:
    """The span records of a segment; a torn last line is none."""
    for line in segment.split(b"\n"):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("kind") == "span":
            yield record


def request(records: Iterable[dict[str, Any]]) -> ExportTraceServiceRequest:
    """One export request; spans of one resource and scope stand together."""
    message = ExportTraceServiceRequest()
    scopes: dict[str, Any] = {}
    for record in records:
        resource = {name: record[key] for key, name in _RESOURCE.items() if key in record}
        resource |= _object(record.get("resource"))
        scope_name, version = str(record.get("scope", "")), str(record.get("scope_version", ""))
        shared = json.dumps([resource, scope_name, version], sort_keys=True)
        scope_spans = scopes.get(shared)
        if scope_spans is None:
            resource_spans = message.resource_spans.add()
            _fill(resource_spans.resource.attributes, resource)
            scope_spans = scopes[shared] = resource_spans.scope_spans.add()
            scope_spans.scope.name, scope_spans.scope.version = scope_name, version
        _span(scope_spans.spans.add(), record)
    return message


def _span(span: Any, record: dict[str, Any]) -> None:
    span.trace_id, span.span_id = (_bytes(record.get(key)) for key in ("trace_id", "span_id"))
    span.parent_span_id = _bytes(record.get("parent_span_id"))
    span.name = str(record.get("name", ""))
    kind, status = record.get("span_kind"), record.get("status_code")
    span.kind = KINDS.index(kind) if kind in KINDS else 0
    span.status.code = STATUSES.index(status) if status in STATUSES else 0
    span.start_time_unix_nano, span.end_time_unix_nano = (_nanos(record.get(key)) for key in _TIMES)
    for key, value in record.items():
        if key not in _PLAIN and key not in _RESOURCE:
            _fill(span.attributes, {_NAMES.get(key, UNKNOWN + key): value})
    _fill(span.attributes, _object(record.get("attributes")))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _nanos(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**64 else 0


def _bytes(identifier: Any) -> bytes:
    try:
        return bytes.fromhex(identifier or "")
    except (TypeError, ValueError):
        return b""


def _fill(target: Any, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        _set(target.add(key=_utf8(name)).value, value)


def _set(target: Any, value: Any) -> None:
    if isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        target.int_value = value
    elif isinstance(value, float):
        target.double_value = value
    elif isinstance(value, list):
        target.array_value.SetInParent()
        for item in value:
            _set(target.array_value.values.add(), item)
    elif isinstance(value, dict):
        target.kvlist_value.SetInParent()
        _fill(target.kvlist_value.values, value)
    else:
        target.string_value = _utf8(str(value))


def _utf8(text: str) -> str:
    """Without lone surrogates, which protobuf refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")
