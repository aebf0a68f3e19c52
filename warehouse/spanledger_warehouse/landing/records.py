"""The keys of the record format, version 1 (`instrumentation/README.md`), as the loader reads them: all as text."""

from __future__ import annotations

import json

_TEXT = "VARCHAR"
_JSON = "JSON"

ENVELOPE = ("v", "kind", "process", "service")
SPAN = (
    "sequence",
    "trace_id",
    "span_id",
    "parent_span_id",
    "scope",
    "scope_version",
    "name",
    "span_kind",
    "start_time_unix_nano",
    "end_time_unix_nano",
    "status_code",
    "environment",
    "tenant",
    "operation",
    "metadata",
    "response_metadata",
    "gen_ai_operation",
    "provider",
    "request_model",
    "response_model",
    "response_id",
    "stream",
    "http_status",
    "error_type",
    "error_message",
    "attempt",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "usage_raw",
    "usage_family",
    "usage_status",
    "service_tier",
    "speed",
    "region",
    "tier_assumed",
    "batch",
    "reported_cost",
    "reported_cost_currency",
)
SPAN_OBJECTS = ("attributes", "resource")
LOSS = ("at_unix_nano", "reason", "count")
SEGMENT = (
    "segment",
    "first_sequence",
    "last_sequence",
    "count",
    "dropped",
    "issued",
    "in_flight",
    "closed",
    "sealed_at_unix_nano",
)

KNOWN_KEYS = tuple(dict.fromkeys((*ENVELOPE, *SPAN, *SPAN_OBJECTS, *LOSS, *SEGMENT)))
# DuckDB's json_transform: text keeps what was written, so that the casting rules can judge it.
STRUCTURE = json.dumps({key: _JSON if key in SPAN_OBJECTS else _TEXT for key in KNOWN_KEYS})
