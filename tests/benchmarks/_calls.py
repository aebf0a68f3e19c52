"""What calls of the openai SDK cost with one instrumentation, or with none; runs in the environment of `comparison`.

`python _calls.py NAME ROUNDS URL` prints one JSON object: microseconds per call, by case, the best of the rounds. They
are CPU time of the process, all threads; that of the first chunk is wall time, over a socket. The instrumentation is
turned on once: turning some of them off leaves something behind.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

USAGE = {"prompt_tokens": 811, "completion_tokens": 64, "total_tokens": 875}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "gpt-x-2026"}
MEGABYTE = "All work and no play makes Jack a dull boy. " * 23_832


class Nowhere(SpanExporter):
    """Counts spans and does nothing with them: what peers pay for sending is left out of their figures."""

    taken = 0

    def export(self, spans: Any) -> SpanExportResult:
        """Drop them."""
        self.taken += len(spans)
        return SpanExportResult.SUCCESS


def answer(content: str) -> bytes:
    """A chat completion."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()


def chunks(count: int) -> list[bytes]:
    """A streamed chat completion."""

    def event(choices: list[Any], usage: Any = None) -> bytes:
        body = {**HEAD, "object": "chat.completion.chunk", "choices": choices, "usage": usage}
        return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"

    word = {"index": 0, "delta": {"content": " word"}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [event([word])] * (count - 3) + [event([end]), event([], USAGE), b"data: [DONE]\n\n"]


class Stream(httpx2.SyncByteStream):
    """The chunks."""

    def __init__(self, content: list[bytes]) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._content)


def client(content: str, streamed: list[bytes]) -> openai.OpenAI:
    """The SDK, without a network."""
    whole = answer(content)

    def handler(request: httpx2.Request) -> httpx2.Response:
        if b'"stream":true' in request.content[-200:].replace(b" ", b""):
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, stream=Stream(streamed)
            )
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=whole)

    return openai.OpenAI(
        api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(handler))
    )


def plain(sdk: openai.OpenAI, prompt: str) -> None:
    """One call."""
    sdk.chat.completions.create(model="gpt-x", messages=[{"role": "user", "content": prompt}])


def stream(sdk: openai.OpenAI) -> None:
    """One stream, read to its end."""
    asked: Any = {"include_usage": True}
    for _ in sdk.chat.completions.create(
        model="gpt-x", messages=[{"role": "user", "content": "hi"}], stream=True, stream_options=asked
    ):
        pass


def turn_on(name: str, home: str) -> None:
    """Instrument this process."""
    if name == "bare":
        return
    if name == "spanledger":
        import spanledger

        spanledger.instrument(home=home, tenant="bench", provider_hosts="127.0.0.1=openai", mirror=False)
        return
    if name == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Instrumentor
    elif name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor as Instrumentor
    else:
        from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as Instrumentor
    instrumentor: Any = Instrumentor()
    instrumentor.instrument()


def cpu(work: Callable[[], None], calls: int) -> float:
    """Microseconds of CPU per call."""
    gc.collect()
    work()
    started = time.process_time_ns()
    for _ in range(calls):
        work()
    return (time.process_time_ns() - started) / calls / 1000


def first_chunk(sdk: openai.OpenAI, calls: int) -> float:
    """The median of microseconds of wall time from the call to its first chunk."""
    times = []
    for _ in range(calls):
        started = time.perf_counter_ns()
        answered = sdk.chat.completions.create(
            model="gpt-x", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        rest = iter(answered)
        next(rest)
        times.append(time.perf_counter_ns() - started)
        for _ in rest:
            pass
    return statistics.median(times) / 1000


def cases(url: str) -> dict[str, Callable[[], float]]:
    """What is measured."""
    small, large = client("A short answer." * 20, chunks(200)), client(MEGABYTE, [])
    near = openai.OpenAI(api_key="k", max_retries=0, base_url=url)
    return {
        "call": lambda: cpu(lambda: plain(small, "hi"), 20),
        "stream of 200 chunks": lambda: cpu(lambda: stream(small), 3),
        "1 MiB prompt": lambda: cpu(lambda: plain(small, MEGABYTE), 2),
        "1 MiB answer": lambda: cpu(lambda: plain(large, "hi"), 2),
        "first chunk, wall": lambda: first_chunk(near, 10),
    }


def assert_captured(name: str, provider: TracerProvider, exporter: Nowhere, home: Path) -> None:
    """An instrumentation that does nothing would look fast."""
    provider.force_flush()
    spool = [path for path in (home / "spool").glob("*.jsonl*") if path.stat().st_size]
    if name != "bare" and not (spool if name == "spanledger" else exporter.taken):
        sys.exit(f"{name} captured nothing")


def main(name: str, rounds: int, url: str) -> None:
    """Measure and print."""
    logging.disable(logging.CRITICAL)
    provider = TracerProvider()
    exporter = Nowhere()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    with tempfile.TemporaryDirectory() as home:
        turn_on(name, home)
        found = {case: min(measure() for _ in range(rounds)) for case, measure in cases(url).items()}
        assert_captured(name, provider, exporter, Path(home))
    print(json.dumps(found), flush=True)
    # Exporters of some keep threads; the figures are out.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
