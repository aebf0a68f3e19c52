"""The entry point of `opentelemetry-instrument`: `spanledger.instrument()` without touching code."""

from collections.abc import Collection
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor  # type: ignore[attr-defined]

from spanledger import lifecycle


class SpanledgerInstrumentor(BaseInstrumentor):
    """Starts and stops Spanledger for the zero-code loader; needs no distro and no TracerProvider."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Nothing: libraries are hooked when they are imported, and none of them has to be there."""
        return ()

    def _instrument(self, **settings: Any) -> None:
        lifecycle.instrument(**settings)

    def _uninstrument(self, **_: Any) -> None:
        lifecycle.uninstrument()
