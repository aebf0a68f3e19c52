"""Our own tracer: always on, unlimited, untouched by OTEL_* switches; and the copy in the app's traces."""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from spanledger import attributes as names
from spanledger import records
from spanledger.diagnostics import internal_error
from spanledger.version import __version__

SCOPE: Final = "spanledger"

_random = random.SystemRandom()


class _Ids(IdGenerator):
    """Ids from the system's source: an application that seeds `random` must not give two calls one id."""

    def generate_span_id(self) -> int:
        return _random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return _random.getrandbits(128) or 1

    def is_trace_id_random(self) -> bool:
        return True


Write = Callable[[ReadableSpan, Mapping[str, Any]], None]


class Spans:
    """Makes the span of a finished call.

    Args:
        write: takes every ended span and its attributes, synchronously.
        mirror: show a copy in the application's own traces when it has a provider.
    """

    def __init__(self, write: Write, mirror: bool) -> None:
        # Only OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES: other detectors are switched on by variables.
        resource = Resource(dict(_SDK)).merge(OTELResourceDetector().detect())
        unset = SpanLimits.UNSET
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=resource,
            shutdown_on_exit=False,
            id_generator=_Ids(),
            span_limits=SpanLimits(unset, unset, unset, unset, unset, unset, unset, unset),
        )
        # OTEL_SDK_DISABLED is about telemetry; billing has its own switch.
        provider._disabled = False
        self._write = write
        self._provider = provider
        self._tracer = provider.get_tracer(SCOPE, __version__)
        self._mirror = mirror
        self._resource_of: Any = None
        self._resource_keys: Mapping[str, Any] = {}
        self._mirrored: tuple[Any, Tracer | None] = (None, None)

    def resource_keys(self) -> Mapping[str, Any]:
        """Record keys of the resource; the application's own fills in what the environment did not say."""
        application = trace.get_tracer_provider()
        if self._resource_of is not application:
            own = dict(self._provider.resource.attributes)
            theirs = getattr(application, "resource", None)
            if names.SERVICE_NAME not in own and isinstance(theirs, Resource):
                own = {**theirs.attributes, **own}
            self._resource_keys = records.of_resource(own)
            self._resource_of = application
        return self._resource_keys

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
        # The writer is the only reader of our own span. It takes the attributes as they are: having the SDK check
        # and copy them, and hand the span through a processor, would be a third of what capture costs.
        self._write(self._one(self._tracer, name, context, start, end, None, failed), attributes)
        if self._mirror:
            try:
                tracer = self._application_tracer()
                if tracer is not None and _wanted(context):
                    self._one(tracer, name, context, start, end, attributes, failed)
            except Exception:
                internal_error("mirroring a span into the application's traces")

    @staticmethod
    def _one(
        tracer: Tracer,
        name: str,
        context: Context,
        start: int,
        end: int,
        attributes: Mapping[str, Any] | None,
        failed: bool,
    ) -> Any:
        span = tracer.start_span(name, context, SpanKind.CLIENT, attributes, start_time=start)
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)
        return span

    def _application_tracer(self) -> Tracer | None:
        provider = trace.get_tracer_provider()
        if self._mirrored[0] is not provider:
            # The application may set its provider at any time; until then there is only a stand-in.
            nothing = isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider)
            self._mirrored = (provider, None if nothing else provider.get_tracer(SCOPE, __version__))
        return self._mirrored[1]


_SDK: Final = {"telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry"}


def _wanted(context: Context) -> bool:
    """Whether the caller lets instrumentations show up here; its spending is in the ledger regardless."""
    if not context:
        return True
    token = otel_context.attach(context)
    try:
        return bool(is_instrumentation_enabled())
    finally:
        otel_context.detach(token)
