"""Records of the official protobuf classes: `ExportTraceServiceRequest` and `TracesData`, which look alike."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from spanledger_warehouse.otlp.convert import KINDS, STATUSES, Record, fill, origin


def records(message: Any) -> Iterator[Record]:
    """One record for each span of a parsed message."""
    for resource_spans in message.resource_spans:
        yield from of_resource(resource_spans.resource, resource_spans.scope_spans)


def of_resource(resource: Any, scopes: Any) -> Iterator[Record]:
    """The records of one resource's scopes."""
    attributes = dict(_pairs(resource.attributes))
    for scope_spans in scopes:
        shared = origin(attributes, scope_spans.scope.name, scope_spans.scope.version)
        for span in scope_spans.spans:
            yield _record(span, shared)


def _record(span: Any, shared: Record) -> Record:
    record = {
        **shared,
        "name": span.name,
        "start_time_unix_nano": span.start_time_unix_nano,
        "end_time_unix_nano": span.end_time_unix_nano,
        "status_code": _one_of(STATUSES, span.status.code),
    }
    # Ids of nothing but zeros mean that there is none.
    if (trace_id := span.trace_id.hex()).strip("0"):
        record["trace_id"] = trace_id
    if (span_id := span.span_id.hex()).strip("0"):
        record["span_id"] = span_id
    if (parent := span.parent_span_id.hex()).strip("0"):
        record["parent_span_id"] = parent
    if kind := _one_of(KINDS, span.kind):
        record["span_kind"] = kind
    return fill(record, _pairs(span.attributes))


def _one_of(names: tuple[str | None, ...], number: int) -> str | None:
    return names[number] if 0 <= number < len(names) else names[0]


def _pairs(attributes: Any) -> Iterator[tuple[str, Any]]:
    for attribute in attributes:
        value = attribute.value
        # Most are texts; asking for the text first saves a look at which of them it is.
        yield attribute.key, value.string_value or _value(value)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return dict(_pairs(value.kvlist_value.values))
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    return getattr(value, kind) if kind else ""
