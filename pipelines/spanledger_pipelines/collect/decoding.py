"""From a request body to lines of records: counted, parsed, bound to its sender; bad spans are set aside one by one."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from spanledger.records import line
from spanledger_pipelines.collect import wire
from spanledger_pipelines.collect.limits import Limits, malformed, too_large
from spanledger_pipelines.collect.sources import Source
from spanledger_warehouse.otlp import json_lines, protobuf
from spanledger_warehouse.otlp.convert import Problem, Record, problem_of

# The loader refuses longer lines.
MAX_RECORD_BYTES = 8 << 20
_KEPT_BYTES = 64 << 10


@dataclass
class Converted:
    """What a request became.

    Attributes:
        lines: records, each ending in a newline; refused spans are among them as records of kind `refused`, which
            the loader quarantines, so that nothing is lost without a trace.
        spans: how many were accepted.
        refused: how many were not, by reason.
    """

    lines: list[bytes] = field(default_factory=list)
    spans: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def message(self) -> str:
        """The refusals in words, for the sender."""
        return "; ".join(f"{count} spans refused: {reason}" for reason, count in self.refused.most_common(5))

    def add(self, record: Record, source: Source) -> None:
        """Take one record, or set it aside."""
        problem = problem_of(record) or source.bind(record)
        if problem is None:
            encoded = line(record)
            if len(encoded) <= MAX_RECORD_BYTES:
                self.lines.append(encoded)
                self.spans += 1
                return
            problem, record = Problem("line_too_long", f"a span of over {MAX_RECORD_BYTES:,} bytes"), {}
        self.refuse(problem, source, record=record)

    def refuse(self, problem: Problem, source: Source, **evidence: Any) -> None:
        """Set a span aside."""
        self.refused[problem.detail] += 1
        head = {"v": 1, "kind": "refused", "source": source.name, **problem._asdict()}
        self.lines.append(line(head | evidence))


def from_protobuf(body: bytes, source: Source, limits: Limits) -> Converted:
    """Convert a protobuf request.

    Raises:
        RefusedError: it holds too much, or is no protobuf.
    """
    wire.check(body, limits)
    converted = Converted()
    try:
        message = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        # One bad span makes the whole request unreadable; the others are not to blame.
        _one_by_one(body, source, converted)
        if not converted.lines:
            raise malformed(f"not protobuf ({str(error)[:80]})") from error
        return converted
    for record in protobuf.records(message):
        converted.add(record, source)
    return converted


def from_json(body: bytes, source: Source, limits: Limits) -> Converted:
    """Convert an OTLP/JSON request.

    Raises:
        RefusedError: it holds too much, or is no OTLP/JSON.
    """
    # Every object and list starts with one of these; an attribute takes two, and texts may hold some.
    if body.count(b"{") + body.count(b"[") > 4 * (limits.attributes + limits.spans):
        raise too_large("the attributes", limits.attributes, "--max-attributes")
    converted = Converted()
    try:
        document = json.loads(body.decode("utf-8"))
        if not isinstance(document, dict):
            raise malformed("its JSON is not an object")
        for number, record in enumerate(json_lines.records(document), start=1):
            if number > limits.spans:
                raise too_large("the spans", limits.spans, "--max-spans")
            converted.add(record, source)
    except (UnicodeDecodeError, ValueError) as error:
        raise malformed(f"not JSON ({error})") from error
    except RecursionError:
        raise malformed("its values are nested too deep") from None
    return converted


def _one_by_one(body: bytes, source: Source, converted: Converted) -> None:
    for place in wire.span_places(body):
        start, end = place.span
        try:
            for record in _alone(body, place):
                converted.add(record, source)
        except DecodeError as error:
            kept = base64.b64encode(body[start : min(end, start + _KEPT_BYTES)]).decode("ascii")
            problem = Problem("unreadable_span", f"not protobuf ({str(error)[:80]})")
            converted.refuse(problem, source, span_base64=kept)


def _alone(body: bytes, place: wire.Place) -> Iterator[Record]:
    """The record of one span, with its own resource and scope."""
    resource_spans, scope_spans = ResourceSpans(), ScopeSpans()
    for first, last in wire.messages(body, *place.resource_spans, 1):
        resource_spans.resource.MergeFromString(body[first:last])
    for first, last in wire.messages(body, *place.scope_spans, 1):
        scope_spans.scope.MergeFromString(body[first:last])
    start, end = place.span
    scope_spans.spans.add().MergeFromString(body[start:end])
    return protobuf.of_resource(resource_spans.resource, [scope_spans])
