"""Our own spans: always on, unlimited, untouched by OTEL_* switches; and the copy in the app's traces.

No TracerProvider makes them: a sampler, limits or a processor could only take something away from billing, and
starting and ending an SDK span is an eighth of what capture may cost.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from spanledger import attributes as names
from spanledger import records
from spanledger.diagnostics import internal_error, logger
from spanledger.records import FinishedSpan
from spanledger.version import __version__

SCOPE: Final = "spanledger"

Write = Callable[[int, bytes], None]
Export = Callable[[FinishedSpan, Mapping[str, Any]], None]


class Spans:
    """Makes the span of a finished call.

    Args:
        write: takes every call's sequence and record, synchronously.
        mirror: show a copy in the application's own traces when it has a provider.
        export: takes the spans for a further sink, with the attributes of their resource; it may not block.
    """

    def __init__(self, write: Write, mirror: bool, export: Export | None = None) -> None:
        # Only OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES: other detectors are switched on by variables.
        self._own = dict(Resource(dict(_SDK)).merge(OTELResourceDetector().detect()).attributes)
        self._write = write
        self._mirror = mirror
        self._export = export
        self._resource_of: Any = self
        self._resource: Mapping[str, Any] = {}
        self._lines = records.SpanLines("", SCOPE, __version__, {})
        self._no_provider = False
        self._mirrored: tuple[Any, Tracer | None] = (None, None)

    def resource(self) -> Mapping[str, Any]:
        """Attributes of the resource; the application's own fills in what the environment did not say."""
        return self._resource_under(self._provider())

    def _resource_under(self, application: Any) -> Mapping[str, Any]:
        if self._resource_of is not application:
            theirs = getattr(application, "resource", None)
            own = self._own
            if names.SERVICE_NAME not in own and isinstance(theirs, Resource):
                own = {**theirs.attributes, **own}
            self._resource = own
            self._lines.process = ""
            self._resource_of = application
        return self._resource

    def emit(
        self,
        name: str,
        context: Context,
        start: int,
        end: int,
        attributes: Mapping[str, Any],
        failed: bool,
    ) -> None:
        """Write one finished call, and mirror it.

        Args:
            name: span name.
            context: the caller's context when it sent the request; its span becomes the parent.
            start: UTC nanoseconds.
            end: UTC nanoseconds.
            attributes: span attributes.
            failed: the call failed; the span's status says so.
        """
        # Ids from the system's source: an application that seeds `random` must not give two calls one id.
        ids = os.urandom(24).hex()
        trace_id, span_id, parent_id = ids[:32], ids[32:], None
        if context:
            parent = trace.get_current_span(context).get_span_context()
            if parent.is_valid:
                trace_id, parent_id = f"{parent.trace_id:032x}", f"{parent.span_id:016x}"
        span = FinishedSpan(name, trace_id, span_id, parent_id, start, end, failed, attributes)
        provider = self._provider()
        resource = self._resource_under(provider)
        process = attributes[names.PROCESS]
        if self._lines.process != process:
            self._lines = records.SpanLines(process, SCOPE, __version__, records.of_resource(resource))
        self._write(attributes[names.SEQUENCE], self._lines.line(span))
        if self._mirror or self._export is not None:
            self._show(span, context, provider)

    def _show(self, span: FinishedSpan, context: Context, provider: Any) -> None:
        """The copies: nothing that goes wrong here takes the record back."""
        try:
            tracer = self._tracer(provider) if self._mirror else None
            if tracer is not None and _wanted(context):
                copy = tracer.start_span(
                    span.name, context, SpanKind.CLIENT, span.attributes, start_time=span.start
                )
                if span.failed:
                    copy.set_status(Status(StatusCode.ERROR))
                copy.end(span.end)
            if self._export is not None:
                self._export(span, self._resource)
        except Exception:
            internal_error("handing a span on")

    def _provider(self) -> Any:
        """The application's TracerProvider, or what stands in for it; None where OTEL_* ask for one in vain."""
        if self._no_provider:
            return None
        try:
            return trace.get_tracer_provider()
        except Exception as error:
            self._no_provider = True
            logger.warning(
                "Spans are not shown in the application's traces: OpenTelemetry has none (%s).", error
            )
            return None

    def _tracer(self, provider: Any) -> Tracer | None:
        if self._mirrored[0] is not provider:
            # The application may set its provider at any time; until then there is only a stand-in.
            nothing = provider is None or isinstance(
                provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider
            )
            self._mirrored = (provider, None if nothing else provider.get_tracer(SCOPE, __version__))
        return self._mirrored[1]


_SDK: Final = {"telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry"}


# As OpenTelemetry's `is_instrumentation_enabled` has them; its module does not import under some OTEL_PROPAGATORS.
_SUPPRESSING: Final = (
    "suppress_instrumentation",
    getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation"),
)


def _wanted(context: Context) -> bool:
    """Whether the caller lets instrumentations show up here; its spending is in the ledger regardless."""
    return not (context and any(otel_context.get_value(key, context) for key in _SUPPRESSING))
