"""What both transports share: admission, conversion one at a time, group commit. Answers come after the sync."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from spanledger_pipelines.collect import bodies, decoding, segments
from spanledger_pipelines.collect.limits import Limits, RefusedError
from spanledger_pipelines.collect.metrics import Metrics
from spanledger_pipelines.collect.sources import Source, Sources
from spanledger_pipelines.collect.storage import Committer

T = TypeVar("T")
RETRY_SECONDS = 5
COMMIT_SECONDS = 30.0


@dataclass(frozen=True)
class Outcome:
    """What became of a request's spans."""

    spans: int
    refused: int
    message: str


class Receiver:
    """Takes bodies, makes them durable records.

    Args:
        landing: the landing zone; our files go into `collect/` and `segments/` in it.
        sources: who may send.
        limits: caps.
        seal_seconds: age at which a file is sealed.
    """

    def __init__(
        self, landing: Path, sources: Sources, limits: Limits | None = None, *, seal_seconds: float = 10.0
    ) -> None:
        self.sources = sources
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self._segments = landing / "segments"
        self._committer = Committer(landing / "collect", seal_seconds=seal_seconds)
        # One at a time: what a parsed request takes in memory is bounded per request, so this bounds it in all.
        self._converter = ThreadPoolExecutor(1, thread_name_prefix="spanledger-convert")
        self._writer = ThreadPoolExecutor(2, thread_name_prefix="spanledger-segment")
        self._lock = threading.Lock()
        self._requests = 0
        self._bytes = 0

    @property
    def failure(self) -> str | None:
        """Why the last write failed; None when it did not."""
        return self._committer.failure

    def metrics_text(self) -> str:
        """Counters and gauges."""
        return self.metrics.text(
            requests_in_flight=self._requests,
            storage_ok=int(self.failure is None),
            commits_total=self._committer.commits,
            written_bytes_total=self._committer.bytes_written,
        )

    @contextmanager
    def admission(self) -> Iterator[Callable[[int], None]]:
        """A place for one request; call what it yields with the bytes as they come in.

        Raises:
            RefusedError: 503 when too many requests or bytes are in memory already.
        """
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            with self._lock:
                if self._bytes + size > self.limits.total_bytes:
                    raise _busy("bytes")
                self._bytes += size
                held += size

        with self._lock:
            if self._requests >= self.limits.requests:
                raise _busy("requests")
            self._requests += 1
        try:
            yield hold
        finally:
            with self._lock:
                self._requests -= 1
                self._bytes -= held

    def traces(
        self, inflate: Callable[[int], bytes], source: Source, *, is_json: bool
    ) -> tuple[Future[Outcome], Future[None]]:
        """Convert a request and commit it.

        Args:
            inflate: gives the body, no longer than its argument.
            source: who sends.
            is_json: OTLP/JSON, else protobuf.

        Returns:
            The outcome, and a future that is done when all of it is durable.
        """
        durable: Future[None] = Future()

        def convert() -> Outcome:
            body = inflate(self.limits.inflated_bytes)
            read = decoding.from_json if is_json else decoding.from_protobuf
            converted = read(body, source, self.limits)
            refused = sum(converted.refused.values())
            if converted.lines:
                _chain(self._committer.submit(b"".join(converted.lines)), durable)
            else:
                durable.set_result(None)
            return Outcome(converted.spans, refused, converted.message)

        return self._converter.submit(_plainly, convert), durable

    def count(self, outcome: Outcome, source: Source) -> None:
        """Count a request that is durable."""
        self.metrics.add("spans_total", outcome.spans, source=source.name)
        if outcome.refused:
            self.metrics.add("refused_spans_total", outcome.refused, source=source.name)

    def segment(self, body: bytes, encoding: str, sha256: str | None, source: Source) -> Future[bool]:
        """Store a segment; the future is done when it is durable."""

        def work() -> bool:
            content = bodies.inflate(body, encoding, self.limits.segment_bytes)
            is_new = segments.store(self._segments, content, sha256, source)
            self.metrics.add("segments_total", source=source.name, outcome="new" if is_new else "known")
            return is_new

        return self._writer.submit(_plainly, work)

    def close(self) -> None:
        """Finish what was taken, and seal the file."""
        self._converter.shutdown(wait=True)
        self._writer.shutdown(wait=True)
        self._committer.close()


def _plainly(work: Callable[[], T]) -> T:
    """A refusal without its traceback: that would hold the inflated body until the answer is out, times all senders."""
    try:
        return work()
    except RefusedError as refusal:
        plain = RefusedError(refusal.status, refusal.message, retry_after=refusal.retry_after)
    raise plain


def unavailable(error: BaseException) -> RefusedError:
    """The landing zone cannot be written, or not in time: the sender keeps its spans and comes again."""
    what = str(error) if isinstance(error, OSError) and str(error) else "the landing zone does not answer"
    return RefusedError(503, f"nothing was taken: {what}", retry_after=RETRY_SECONDS)


def _busy(what: str) -> RefusedError:
    return RefusedError(429, f"too many {what} in memory; send again in a moment", retry_after=1)


def _chain(first: Future[None], second: Future[None]) -> None:
    def forward(done: Future[None]) -> None:
        error = done.exception()
        if error is None:
            second.set_result(None)
        else:
            second.set_exception(error)

    first.add_done_callback(forward)
