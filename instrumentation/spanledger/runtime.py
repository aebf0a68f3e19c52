"""The running instrumentation: what `instrument()` builds, and the one place that knows all parts of it."""

import os
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Protocol

from opentelemetry import baggage
from opentelemetry.context import Context

from spanledger import attributes as names
from spanledger import metadata, otlp, records, requests, scope
from spanledger.background import Background
from spanledger.call_log import CallLog
from spanledger.capture import Call
from spanledger.diagnostics import counters, internal_error, warn_once
from spanledger.errors import TenantMissingError
from spanledger.hooks import asking
from spanledger.hooks.installed import Hooks
from spanledger.hooks.outgoing import Outgoing
from spanledger.identity import Identity
from spanledger.providers import routes
from spanledger.requests import RequestFacts
from spanledger.settings import Settings
from spanledger.spans import Spans
from spanledger.spool import Spool


class Sink(Protocol):
    """Where records go: the spool, or memory in a service's tests."""

    def append(self, sequence: int, line: bytes) -> None:
        """Take one record."""

    def lost(self, sequence: int, reason: str) -> None:
        """Count a call without a record."""

    def flush(self) -> bool:
        """Make everything readable."""

    def close(self) -> bool:
        """Stop."""

    def rest(self) -> None:
        """The process is about to fork: let threads end until the next record."""

    def restart(self, identity: Identity) -> None:
        """Begin anew in a forked child."""


class Runtime:
    """Everything between a request and its record.

    Args:
        settings: the settings in force.
        sink: where records go; None for the spool.
    """

    def __init__(self, settings: Settings, sink: Sink | None = None) -> None:
        self.settings = settings
        self.clock = settings.clock
        # Most POSTs of a service go to the same few places, and most of them are no LLM calls.
        self._route = lru_cache(1024)(partial(routes.route, rules=settings.provider_hosts))
        self._suggested = lru_cache(1024)(routes.suggested)
        self.background = Background()
        self._refusing: set[tuple[str | None, int | None]] = set()
        self.identity = Identity()
        self._otlp = otlp.start() if settings.otlp != "off" and sink is None else None
        self.spans = Spans(
            self._write, settings.mirror, self._otlp.export if self._otlp is not None else None
        )
        self._log = CallLog(settings.seeds) if settings.log_calls else None
        self.hooks = Hooks(self.begin)
        self.sink: Sink = sink or self._own_sink()

    def _own_sink(self) -> Sink:
        settings = self.settings
        if settings.otlp == "only" and self._otlp is not None:
            return otlp.NoSpool(self.identity)
        return Spool(
            settings.spool,
            self.identity,
            records.service_of(self.spans.resource()),
            settings.segment_bytes,
            settings.segment_seconds,
            settings.clock,
            settings.fsync,
            settings.stall_seconds,
        )

    def scope(self) -> scope.CallContext:
        """Who a call made now is attributed to."""
        present = scope.here()
        settings = self.settings
        if present.tenant is None and settings.baggage_tenant is not None:
            # Only under a key that the service chose to trust: baggage comes from whoever calls it.
            named = metadata.name(baggage.get_baggage(settings.baggage_tenant))
            present = present.with_defaults(named, None)
        return present.with_defaults(settings.tenant, settings.operation)

    def begin(self, request: Outgoing, fetches: bool = False) -> Call | None:
        """Start a call when this request is one.

        Args:
            request: a request about to be sent.
            fetches: it is a GET, which may bring the usage of an answer made in the background.
        """
        if fetches:
            return self._begin_fetch(request)
        host, port = request.host, request.port
        found = self._route(host, port, request.path)
        if found is None:
            # A host that nobody named: most POSTs of a service end here, those of LLM gateways do not.
            found = self._suggested(request.path)
            if found is None or not requests.is_llm_call(request.body(), found.family.name):
                return None
        body = request.body()
        if found.provider == routes.UNKNOWN:
            warn_once(
                f"unknown_host:{host}",
                "Spanledger does not know which provider answers at %s:%s; calls are recorded with provider "
                "`unknown`. Name it: SPANLEDGER_PROVIDER_HOSTS=%s:%s=<provider>.",
                host,
                port,
                host,
                port,
            )
        if self.settings.strict and self.scope().tenant is None:
            counters["refused"] += 1
            raise TenantMissingError(
                f"An LLM call to {host} has no tenant, and Spanledger is set to refuse such calls. "
                "Put `with spanledger.context(tenant=...)` around the work, or unset SPANLEDGER_STRICT."
            )
        facts = requests.read(body, host, port, request.retries())
        call = Call(self, found, facts)
        if facts.stream and self.settings.include_usage and not facts.asks_usage:
            call.asks = (host, port) not in self._refusing and asking.takes_asking(found, request.query())
        return call

    def _begin_fetch(self, request: Outgoing) -> Call | None:
        host, port, path = request.host, request.port, request.path
        if "/responses/" not in path and "/interactions/" not in path:
            return None
        found = routes.fetched(host, port, path, self.settings.provider_hosts)
        return None if found is None else Call(self, found, RequestFacts(host=host, port=port), fetches=True)

    def refused_asking(self, host: str | None, port: int | None) -> None:
        """A provider does not know `stream_options`: nothing there is asked for usage again."""
        self._refusing.add((host, port))
        warn_once(
            f"refused_asking:{host}",
            "%s:%s refused a call because Spanledger asked for its usage (include_usage). It will not be asked "
            "again by this process; unset SPANLEDGER_INCLUDE_USAGE if this is the only provider.",
            host,
            port,
        )

    def emit(
        self, name: str, context: Context, start: int, end: int, attributes: Mapping[str, Any], failed: bool
    ) -> None:
        """Turn a finished call into its span and its record."""
        if names.TENANT_ID not in attributes:
            operation = attributes.get(names.OPERATION)
            warn_once(
                f"no_tenant:{operation}",
                "Spanledger recorded an LLM call without a tenant (operation: %s); the ledger books it as "
                "`unattributed`. Put `with spanledger.context(tenant=...)` around the work, or set SPANLEDGER_TENANT.",
                operation or "none",
            )
        self.spans.emit(name, context, start, end, attributes, failed)
        if self._log is not None:
            self._log.tell(name, start, end, attributes)

    def _write(self, sequence: int, line: bytes) -> None:
        # Looked up every time: a service's tests put a sink of their own here.
        self.sink.append(sequence, line)

    def lost(self, sequence: int, reason: str) -> None:
        """Count a call that could not be recorded."""
        self.sink.lost(sequence, reason)

    def end_calls(self) -> None:
        """End the calls still under way with what is known of them."""
        for call in list(self.identity.in_flight.values()):
            if isinstance(call, Call):
                call.finish()

    def close(self) -> bool:
        """End what is under way, unhook, seal; True when nothing was left unwritten."""
        self.hooks.remove()
        return self.end()

    def end(self) -> bool:
        """End what is under way and seal, still hooked; True when nothing was left unwritten."""
        self.end_calls()
        done = self.sink.close()
        if self._otlp is not None:
            self._otlp.close()
        if self._log is not None:
            self._log.close()
        return done

    def before_fork(self) -> None:
        """Let our threads end: a fork with threads may deadlock its child."""
        try:
            self.sink.rest()
            if self._log is not None:
                self._log.close(self.settings.stall_seconds)
        except Exception:
            internal_error("letting threads end before a fork")

    def after_fork_in_child(self) -> None:
        """Become a process of its own: new identity, new file; the parent's stay the parent's."""
        try:
            self.identity = Identity()
            self.sink.restart(self.identity)
            if self._log is not None:
                self._log.restart()
        except Exception:
            internal_error(f"starting over in the forked process {os.getpid()}")
