"""One HTTP attempt of one LLM call, from request to span: started once, ended once, whatever happens."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context

from spanledger import attributes as names
from spanledger import payload
from spanledger.diagnostics import counters, internal_error
from spanledger.hooks.decompression import decompressor
from spanledger.providers import facts as found
from spanledger.providers import messages
from spanledger.providers.routes import Route
from spanledger.requests import RequestFacts
from spanledger.response import response_attributes
from spanledger.scanner import Scanner, reader

if TYPE_CHECKING:
    from spanledger.runtime import Runtime

_MILLISECOND: Final = 1_000_000
# An answer up to here is read at once; what is longer goes through the scanner, which bounds what it keeps.
_SMALL: Final = 1 << 16


class Call:
    """A call under way.

    Everything here may be called from the caller's path: nothing raises, except under pytest.

    Args:
        runtime: where the span goes.
        route: what kind of call it is.
        request: what the request says about itself.
        fetches: it only fetches what was begun before: a record is made of it when it brings news.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_error",
        "_facts",
        "_feed",
        "_fetches",
        "_first_chunk",
        "_identity",
        "_once",
        "_request",
        "_route",
        "_runtime",
        "_scanner",
        "_scope",
        "_start",
        "_started",
        "_status",
        "asked",
        "asks",
        "sending",
        "sequence",
    )

    def __init__(
        self, runtime: "Runtime", route: Route, request: RequestFacts, fetches: bool = False
    ) -> None:
        self._runtime = runtime
        self._identity = runtime.identity
        self._route = route
        self._request = request
        self._facts = found.Facts()
        # The stream may end in another task: who pays is settled here, when the request is sent.
        self._context = otel_context.get_current()
        self._scope = runtime.scope()
        self._status: int | None = None
        self._error: str | None = None
        self._first_chunk: int | None = None
        self._scanner: Scanner | None = None
        self._feed: Callable[[bytes], None] = _ignore
        # pop() is atomic: of all the ways in which a call can end, one gets it.
        self._once = [True]
        self.sending = True
        # The stream may be asked for its usage; the hook that did so says that it is.
        self.asks = False
        self.asked = False
        self._fetches = fetches
        self.sequence = 0 if fetches else self._identity.issue(self)
        self._start = runtime.clock()
        self._started = time.perf_counter_ns()

    def answered(
        self,
        status: int,
        content_type: str | None = None,
        content_encoding: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """The head of the response is here.

        Args:
            status: HTTP status code.
            content_type: header, used to pick a parser and not kept; None to tell by the first byte.
            content_encoding: header, when the bytes to come are still encoded.
            headers: all headers, from which a family may take token counts; none is kept.
        """
        self._status = status
        read_headers = self._route.family.read_headers
        if headers is not None and read_headers is not None:
            read_headers(self._facts, headers)
        self._scanner = reader(self._route.family, self._facts, content_type)
        feed = decompressor(content_encoding, self._scanner.feed)
        if feed is None:
            self._facts.missing_because("content_encoding")
        self._feed = feed or _ignore

    def body(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """The whole answer is here, decoded; end the call.

        Args:
            status: HTTP status code.
            content: the body without any Content-Encoding.
            headers: all headers, from which a family may take token counts; none is kept.
        """
        if self.asked:
            self._look_for_refusal(status, content)
        if content[:1] != b"{" or len(content) > _SMALL:
            self.answered(status, headers=headers)
            self.feed(content)
        else:
            self._status = status
            self._first_chunk = time.perf_counter_ns()
            self._document(content, headers)
        self.finish()

    def _document(self, content: bytes, headers: Mapping[str, str]) -> None:
        """Nearly every answer: one small JSON object. It needs no scanner."""
        family, facts = self._route.family, self._facts
        try:
            if family.read_headers is not None:
                family.read_headers(facts, headers)
            document = payload.load(content)
            if type(document) is dict:
                family.read(facts, document)
                if facts.final is None:
                    facts.final = True
            else:
                # Lines of JSON whose head did not say so.
                self._scanner = reader(family, facts, None)
                self._scanner.feed(content)
                self._feed = self._scanner.feed
        except Exception:
            facts.missing_because("unreadable")
            internal_error("reading an answer")

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body, as they came over the wire."""
        if self._first_chunk is None:
            self._first_chunk = time.perf_counter_ns()
            if self.asked:
                self._look_for_refusal(self._status, data)
        try:
            self._feed(data)
        except Exception:
            # Bytes that are not what the headers say. What was read before them still counts.
            self._feed = _ignore
            self._facts.missing_because("unreadable")
            counters["unreadable"] += 1

    def _look_for_refusal(self, status: int | None, data: bytes) -> None:
        if status in (400, 422) and b"stream_options" in data:
            self._runtime.refused_asking(self._request.host, self._request.port)

    def failed(self, error: BaseException) -> None:
        """The request or the stream broke off with an exception; end the call."""
        self._error = self._error or type(error).__name__
        self.finish()

    def unseen(self) -> None:
        """The answer will be read in a way that cannot be watched; end the call."""
        self._facts.missing_because("unwatched")
        self.finish()

    def finish(self) -> None:
        """End the call, the first time this is called."""
        try:
            self._once.pop()
        except IndexError:
            return
        identity = self._identity
        if identity is not self._runtime.identity:
            # Inherited over a fork, or left over from before: the process that made the call writes it.
            return
        ended = time.perf_counter_ns()
        try:
            self._end_body()
            if self._fetches:
                if not self._brings_news():
                    return
                self.sequence = identity.issue(self)
            self._emit(self._start + ended - self._started)
        except Exception:
            self._runtime.lost(self.sequence, "encode_error")
            internal_error("recording a call")

    def _end_body(self) -> None:
        if self._scanner is not None and self._feed is not _ignore:
            try:
                self._scanner.end()
            except Exception:
                self._facts.missing_because("unreadable")
                internal_error("reading an answer")

        unreported = self._route.family.unreported
        if unreported is not None and self._facts.usage is None and (self._status or 400) < 400:
            # Events would have told the usage in the end: a stream of them that was left is not billed by the piece.
            told_in_the_end = self._scanner is not None and self._scanner.events
            if not told_in_the_end:
                unreported(self._facts, self._request.spoken)

    def _brings_news(self) -> bool:
        """Whether the usage of an answer that was made in the background is here, and was not here before."""
        facts = self._facts
        if not facts.final or facts.usage is None or facts.response_id is None:
            return False
        facts.metadata["fetched"] = "true"
        background = self._runtime.background
        # Whoever asked for the answer pays for it, not whoever fetches it.
        self._scope = background.owner(facts.response_id) or self._scope
        return background.arrived(facts.response_id, facts.background)

    def _emit(self, end: int) -> None:
        facts = self._facts
        if facts.usage is None and facts.response_id and facts.metadata.get("usage_missing") == "background":
            self._runtime.background.began(facts.response_id, self._scope)
        attributes = self._attributes()
        model = self._request.model or self._route.model or self._facts.response_model
        name = f"{self._route.operation} {model}" if model else self._route.operation
        failed = names.ERROR_TYPE in attributes
        self._runtime.emit(name, self._context, self._start, end, attributes, failed)

    def _attributes(self) -> dict[str, Any]:
        request, scope, route = self._request, self._scope, self._route
        streamed = request.stream or (self._scanner is not None and self._scanner.events)
        values: dict[str, Any] = {
            names.GEN_AI_OPERATION_NAME: route.operation,
            names.GEN_AI_PROVIDER_NAME: route.provider,
            names.GEN_AI_REQUEST_STREAM: streamed,
            names.ATTEMPT: request.attempt,
            names.PROCESS: self._identity.process,
            names.SEQUENCE: self.sequence,
        }
        known = (
            (names.GEN_AI_REQUEST_MODEL, request.model or route.model),
            (names.SERVER_ADDRESS, request.host),
            (names.SERVER_PORT, request.port),
            (names.TENANT_ID, scope.tenant),
            (names.OPERATION, scope.operation),
            (names.METADATA, scope.metadata_json),
            (names.HTTP_RESPONSE_STATUS_CODE, self._status),
        )
        values.update([pair for pair in known if pair[1] is not None])
        if streamed and self._first_chunk is not None:
            values[names.TIME_TO_FIRST_CHUNK_MS] = (self._first_chunk - self._started) // _MILLISECOND
        self._error_attributes(values)
        values.update(response_attributes(self._facts, route.family, request))
        if route.region is not None:
            values.setdefault(names.REGION, route.region)
        return values

    def _error_attributes(self, values: dict[str, Any]) -> None:
        facts, status = self._facts, self._status
        kind = self._error or facts.error_type
        if kind is None and status is not None and status >= 400:
            kind = str(status)
        if kind is None and facts.error_message is not None:
            kind = "error"
        if kind is None:
            return
        values[names.ERROR_TYPE] = kind
        message = facts.error_message
        if message is not None and (self._runtime.settings.error_messages or messages.is_known(message)):
            values[names.ERROR_MESSAGE] = message


def _ignore(_: bytes) -> None:
    """Takes bytes that nobody can read."""
