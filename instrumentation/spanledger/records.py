"""The record format, version 1, as instrumentation/README.md documents it: finished spans to lines. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from spanledger import attributes as names

VERSION: Final = 1

# Record key per span attribute; every other attribute goes under `attributes` by its own name.
KEYS: Final[dict[str, str]] = {
    names.TENANT_ID: "tenant",
    names.OPERATION: "operation",
    names.METADATA: "metadata",
    names.RESPONSE_METADATA: "response_metadata",
    names.GEN_AI_OPERATION_NAME: "gen_ai_operation",
    names.GEN_AI_PROVIDER_NAME: "provider",
    names.GEN_AI_REQUEST_MODEL: "request_model",
    names.GEN_AI_RESPONSE_MODEL: "response_model",
    names.GEN_AI_RESPONSE_ID: "response_id",
    names.GEN_AI_REQUEST_STREAM: "stream",
    names.HTTP_RESPONSE_STATUS_CODE: "http_status",
    names.ERROR_TYPE: "error_type",
    names.ERROR_MESSAGE: "error_message",
    names.ATTEMPT: "attempt",
    names.GEN_AI_USAGE_INPUT_TOKENS: "input_tokens",
    names.GEN_AI_USAGE_OUTPUT_TOKENS: "output_tokens",
    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: "cache_read_tokens",
    names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: "cache_write_tokens",
    names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: "reasoning_tokens",
    names.USAGE_RAW: "usage_raw",
    names.USAGE_FAMILY: "usage_family",
    names.USAGE_STATUS: "usage_status",
    names.SERVICE_TIER: "service_tier",
    names.SPEED: "speed",
    names.REGION: "region",
    names.TIER_ASSUMED: "tier_assumed",
    names.BATCH: "batch",
    names.REPORTED_COST: "reported_cost",
    names.REPORTED_COST_CURRENCY: "reported_cost_currency",
}
_IDENTITY: Final = frozenset((names.PROCESS, names.SEQUENCE))


class FinishedSpan(NamedTuple):
    """An ended span, before it has any format.

    Attributes:
        name: span name.
        trace_id: 32 hex digits.
        span_id: 16 hex digits.
        parent_id: 16 hex digits, None for a root.
        start: UTC nanoseconds since 1970.
        end: UTC nanoseconds since 1970.
        failed: its status is an error.
        attributes: `spanledger.process` and `spanledger.sequence` among them.
    """

    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    failed: bool
    attributes: Mapping[str, Any]


class SpanLines:
    """Writes the span records of one process; what is the same in all of them is encoded once.

    Args:
        process: identity of the process, 32 hex digits.
        scope: instrumentation scope.
        version: of the scope.
        resource_keys: what `of_resource()` makes of the resource.
    """

    def __init__(self, process: str, scope: str, version: str, resource_keys: Mapping[str, Any]) -> None:
        self.process = process
        fixed = {
            "v": VERSION,
            "kind": "span",
            "process": process,
            "scope": scope,
            "scope_version": version,
            "span_kind": "client",
        }
        self._head = _ENCODER.encode(fixed)[:-1]
        self._tail = "," + _ENCODER.encode(resource_keys)[1:] if resource_keys else "}"

    def line(self, span: FinishedSpan) -> bytes:
        """One line for one ended span.

        Args:
            span: its attributes have `spanledger.sequence` among them.

        Returns:
            The record, ending in a newline.

        Raises:
            KeyError: the attributes carry no identity.
            TypeError, ValueError: a value has no place in JSON.
        """
        values: dict[str, Any] = {"name": span.name}
        rest: dict[str, Any] = {}
        for name, value in span.attributes.items():
            if (key := KEYS.get(name)) is not None:
                values[key] = value
            elif name not in _IDENTITY:
                rest[name] = value
        if rest:
            values["attributes"] = rest
        parent = f',"parent_span_id":"{span.parent_id}"' if span.parent_id else ""
        status = '"error"' if span.failed else '"unset"'
        # Numbers are formatted as integers or not at all: a clock that returns something else is an error here.
        text = (
            f'{self._head},"sequence":{span.attributes[names.SEQUENCE]:d},"trace_id":"{span.trace_id}"'
            f',"span_id":"{span.span_id}"{parent},"start_time_unix_nano":{span.start:d}'
            f',"end_time_unix_nano":{span.end:d},"status_code":{status},'
            f"{_ENCODER.encode(values)[1:-1]}{self._tail}\n"
        )
        return text.encode("utf-8", "replace")


def of_resource(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The record keys that come from a resource's attributes; the same for every record of a process."""
    keys: dict[str, Any] = {}
    rest = dict(resource)
    if service := service_of(rest):
        keys["service"] = service
        rest.pop(names.SERVICE_NAME)
    if environment := rest.pop(names.DEPLOYMENT_ENVIRONMENT_NAME, None):
        keys["environment"] = str(environment)
    if rest:
        keys["resource"] = rest
    return keys


def service_of(resource: Mapping[str, Any]) -> str | None:
    """`service.name`; the SDK's stand-in `unknown_service` means that nobody named it."""
    service = resource.get(names.SERVICE_NAME)
    return str(service) if service and not str(service).startswith("unknown_service") else None


def loss(process: str, service: str | None, at: int, reason: str, count: int) -> bytes:
    """One line that says how many spans were lost, and why."""
    record: dict[str, Any] = {"v": VERSION, "kind": "loss", "process": process}
    if service:
        record["service"] = service
    return line({**record, "at_unix_nano": at, "reason": reason, "count": count})


@dataclass(frozen=True, slots=True)
class Trailer:
    """The `segment` record that closes a sealed file; the format section names the meaning of each field."""

    process: str
    service: str | None
    segment: int
    first_sequence: int | None
    last_sequence: int | None
    count: int
    dropped: int
    issued: int
    in_flight: list[int]
    closed: bool
    sealed_at: int
    late: int = 0

    def encode(self) -> bytes:
        """The trailer as a line."""
        record: dict[str, Any] = {"v": VERSION, "kind": "segment", "process": self.process}
        if self.service:
            record["service"] = self.service
        record["segment"] = self.segment
        if self.first_sequence is not None:
            record["first_sequence"] = self.first_sequence
            record["last_sequence"] = self.last_sequence
        record |= {
            "count": self.count,
            "dropped": self.dropped,
            "issued": self.issued,
            "in_flight": self.in_flight,
            "closed": self.closed,
            "sealed_at_unix_nano": self.sealed_at,
        }
        if self.late:
            record["late"] = self.late
        return line(record)


def line(record: Mapping[str, Any]) -> bytes:
    """A record as one line of UTF-8 JSON; lone surrogates, which UTF-8 cannot hold, become question marks."""
    return _ENCODER.encode(record).encode("utf-8", "replace") + b"\n"


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
