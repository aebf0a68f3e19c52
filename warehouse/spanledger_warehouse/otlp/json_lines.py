"""Records of OTLP/JSON: the proto3 mapping with hex ids, as exporters and a Collector's file exporter write it.

Tolerated, because emitters differ: ids in any case or in base64, 64-bit numbers as text or number, enums as number or
name, snake_case, unknown fields. What has another shape than the format says is left out or kept as text, never raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from spanledger_warehouse.otlp.convert import KINDS, STATUSES, Record, as_text, fill, identifier, origin

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_UNSIGNED = re.compile(r"[0-9]{1,20}")


def is_traces(document: Any) -> bool:
    """Whether a parsed JSON document is OTLP/JSON traces."""
    return isinstance(document, dict) and ("resourceSpans" in document or "resource_spans" in document)


def records(document: Any) -> Iterator[Record]:
    """One record for each span of a parsed document."""
    for resource_spans in _objects(document, "resourceSpans"):
        attributes = dict(_pairs(_object(resource_spans, "resource")))
        for scope_spans in _objects(resource_spans, "scopeSpans", "instrumentationLibrarySpans"):
            scope = _object(scope_spans, "scope", "instrumentationLibrary")
            shared = origin(attributes, as_text(_get(scope, "name")), as_text(_get(scope, "version")))
            for span in _objects(scope_spans, "spans"):
                yield _record(span, shared)


def _record(span: Mapping[str, Any], shared: Record) -> Record:
    record = {**shared, "name": as_text(_get(span, "name"))}
    for key, field in (
        ("start_time_unix_nano", "startTimeUnixNano"),
        ("end_time_unix_nano", "endTimeUnixNano"),
    ):
        record[key] = _time(_get(span, field))
    record["status_code"] = _enum(STATUSES, _get(_object(span, "status"), "code"), "STATUS_CODE_") or "unset"
    for key, field, size in (
        ("trace_id", "traceId", 16),
        ("span_id", "spanId", 8),
        ("parent_span_id", "parentSpanId", 8),
    ):
        value = identifier(as_text(_get(span, field)), size)
        if value:
            record[key] = value
    if kind := _enum(KINDS, _get(span, "kind"), "SPAN_KIND_"):
        record["span_kind"] = kind
    return fill(record, _pairs(span))


def _pairs(holder: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for attribute in _objects(holder, "attributes"):
        key = _get(attribute, "key")
        if isinstance(key, str):
            yield key, _value(_get(attribute, "value"))


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return as_text(value)
    for field, given in value.items():
        match field:
            case "stringValue" | "string_value" | "bytesValue" | "bytes_value":
                return as_text(given)
            case "boolValue" | "bool_value":
                return given if isinstance(given, bool) else as_text(given)
            case "intValue" | "int_value":
                return _whole(given)
            case "doubleValue" | "double_value":
                return _double(given)
            case "arrayValue" | "array_value":
                return [_value(item) for item in _objects(given, "values")]
            case "kvlistValue" | "kvlist_value":
                return {
                    as_text(_get(item, "key")): _value(_get(item, "value"))
                    for item in _objects(given, "values")
                }
    return ""


def _whole(given: Any) -> Any:
    if type(given) is int:
        return given if -(2**63) <= given < 2**63 else str(given)
    text = as_text(given)
    return int(text) if type(given) is str and _WHOLE.fullmatch(text) else text


def _double(given: Any) -> Any:
    if type(given) is float:
        return given
    try:
        return float(as_text(given))
    except ValueError:
        return as_text(given)


def _time(given: Any) -> Any:
    if type(given) is str and _UNSIGNED.fullmatch(given):
        return int(given)
    return given if type(given) is int else as_text(given)


def _enum(names: tuple[str | None, ...], given: Any, prefix: str) -> str | None:
    if type(given) is int:
        return names[given] if 0 <= given < len(names) else None
    if type(given) is str:
        if given.isascii() and given.isdigit() and len(given) < 3:
            return _enum(names, int(given), prefix)
        name = given.removeprefix(prefix).lower()
        return name if name in names else None
    return None


def _get(holder: Any, field: str) -> Any:
    if not isinstance(holder, dict):
        return None
    return holder[field] if field in holder else holder.get(_snake(field))


def _object(holder: Any, *fields: str) -> Mapping[str, Any]:
    for field in fields:
        found = _get(holder, field)
        if isinstance(found, dict):
            return found
    return {}


def _objects(holder: Any, *fields: str) -> list[dict[str, Any]]:
    for field in fields:
        found = _get(holder, field)
        if isinstance(found, list):
            return [item for item in found if isinstance(item, dict)]
    return []


def _snake(field: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), field)
