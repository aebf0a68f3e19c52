"""A second sink: our spans to an OTLP endpoint by OpenTelemetry's own exporter, as `OTEL_EXPORTER_OTLP_*` say.

The exporter works in a thread of its own and drops what it cannot hold or deliver. The spool stays the ledger's
source; the identity that each span carries makes both copies one call.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any, Final

from spanledger.diagnostics import logger
from spanledger.identity import Identity
from spanledger.records import FinishedSpan
from spanledger.version import __version__

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PATIENCE: Final = 5.0
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def endpoint(environment: Mapping[str, str]) -> str | None:
    """The endpoint that the environment names, None when it names none."""
    return next((environment[name] for name in _ENDPOINTS if environment.get(name)), None)


def exporter_class(environment: Mapping[str, str]) -> Any:
    """The stock exporter of the protocol that the environment asks for, `http/protobuf` by default.

    Raises:
        ImportError: the extra `otlp` is not installed.
    """
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol.strip().lower() == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc

        return Grpc
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http

    return Http


def start() -> "Otlp | None":
    """The sink that the environment asks for; None, and the reason in the log, when it cannot be had."""
    where = endpoint(os.environ)
    if where is None:
        logger.error(
            "SPANLEDGER_OTLP is set, but OTEL_EXPORTER_OTLP_ENDPOINT is not; spans go to the spool only."
        )
        return None
    try:
        exporter = exporter_class(os.environ)()
    except ImportError:
        logger.error(
            "SPANLEDGER_OTLP needs an exporter that is not installed: pip install 'spanledger[otlp]'. "
            "Spans go to the spool only."
        )
        return None
    return Otlp(exporter)


class Otlp:
    """Hands finished spans to a stock exporter, in batches and never in the caller's time.

    Args:
        exporter: OpenTelemetry's.
    """

    def __init__(self, exporter: Any) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._batches = BatchSpanProcessor(exporter)
        self._resource = Resource
        self._span = ReadableSpan
        self._scope = InstrumentationScope("spanledger", __version__)
        self._pid = os.getpid()

    def export(self, span: FinishedSpan, resource: Mapping[str, Any]) -> None:
        """Queue one span; a full queue drops the oldest.

        Args:
            span: an ended span.
            resource: attributes of its resource.
        """
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        flags = TraceFlags(TraceFlags.SAMPLED)
        trace_id = int(span.trace_id, 16)
        parent = SpanContext(trace_id, int(span.parent_id, 16), False, flags) if span.parent_id else None
        self._batches.on_end(
            self._span(
                span.name,
                context=SpanContext(trace_id, int(span.span_id, 16), False, flags),
                parent=parent,
                resource=self._resource(dict(resource)),
                attributes=span.attributes,
                kind=SpanKind.CLIENT,
                instrumentation_scope=self._scope,
                status=Status(StatusCode.ERROR) if span.failed else Status(),
                start_time=span.start,
                end_time=span.end,
            )
        )

    def close(self) -> None:
        """Send what is queued and stop; an endpoint that is away holds the end of the process for 5 s at most."""
        # The exporter's thread did not come along into a forked child, and what it holds is the parent's.
        if self._pid == os.getpid():
            ending = threading.Thread(target=self._batches.shutdown, name="spanledger-otlp", daemon=True)
            ending.start()
            ending.join(_PATIENCE)


class NoSpool:
    """In place of the spool where `otlp` is `only`: what the exporter loses is lost, and nothing counts it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def append(self, sequence: int, line: bytes) -> None:  # noqa: ARG002  # as every sink
        """The exporter has the span already, or will have it."""
        self._identity.settle(sequence)

    def lost(self, sequence: int, reason: str) -> None:  # noqa: ARG002
        """Nobody to tell."""
        self._identity.settle(sequence)

    def flush(self) -> bool:
        """Nothing is ever on disk."""
        return True

    def close(self) -> bool:
        """Nothing is left over."""
        return True

    def rest(self) -> None:
        """No thread works here."""

    def restart(self, identity: Identity) -> None:
        """A forked child begins anew."""
        self._identity = identity
