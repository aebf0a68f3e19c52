"""Spans per second of the receiver, acknowledged and durable, per core. Real sockets, a process of its own.

Run `python -m tests.benchmarks.receiver`. Senders post the same prepared bodies (512 spans of 21 attributes, as a
BatchSpanProcessor sends them) over several connections; what counts is spans per second of CPU time of the receiver,
and of wall time beside it.
"""

from __future__ import annotations

import gzip
import http.client
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import grpc
from tests.pipelines.collect.receivers import PROTOBUF, Receiver, receiver, request

SPANS = 512
REQUESTS = 40
CONNECTIONS = 4
_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def body() -> bytes:
    """A batch of the size and shape that SDKs send."""
    more = {f"gen_ai.attribute.{number}": "some text of a usual length" for number in range(12)}
    usage = '{"prompt_tokens":811,"completion_tokens":64,"prompt_tokens_details":{"cached_tokens":0}}'
    named = {"spanledger.tenant.id": "acme", "spanledger.usage.raw": usage, "gen_ai.usage.output_tokens": 64}
    named |= {"gen_ai.provider.name": "openai", "gen_ai.response.id": "chatcmpl-123", "server.port": 443}
    return request(SPANS, **named, **more).SerializeToString()


def over_http(running: Receiver, content: bytes, encoding: str) -> Callable[[], None]:
    """Posts the body again and again over one connection."""
    headers = {"content-type": PROTOBUF, **({"content-encoding": encoding} if encoding else {})}

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.http_port)
        for _ in range(REQUESTS):
            connection.request("POST", "/v1/traces", content, headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        connection.close()

    return work


def over_grpc(running: Receiver, content: bytes) -> Callable[[], None]:
    """Calls Export again and again over one channel."""

    def work() -> None:
        with grpc.insecure_channel(running.grpc) as channel:
            export = channel.unary_unary(_EXPORT)
            for _ in range(REQUESTS):
                export(content)

    return work


def cpu_seconds(running: Receiver) -> float:
    """CPU time of the receiver so far."""
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(running: Receiver, work: Callable[[], None]) -> tuple[float, float]:
    """Spans per second of CPU and of wall time."""
    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    cpu, wall = cpu_seconds(running), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = SPANS * REQUESTS * CONNECTIONS
    return spans / (cpu_seconds(running) - cpu), spans / (time.perf_counter() - wall)


def main() -> None:
    """Print one line per transport."""
    content = body()
    print(f"{SPANS} spans a request, {len(content) / SPANS:.0f} bytes a span, {CONNECTIONS} connections")
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder) / "home", grpc=True) as running:
        cases = {
            "HTTP protobuf": over_http(running, content, ""),
            "HTTP protobuf, gzip": over_http(running, gzip.compress(content), "gzip"),
            "gRPC": over_grpc(running, content),
        }
        for name, work in cases.items():
            measure(running, work)
            per_cpu, per_wall = max(measure(running, work) for _ in range(3))
            print(f"{name:22} {per_cpu:9,.0f} spans/s per core  {per_wall:9,.0f} spans/s wall")
        print(f"peak memory {running.peak_mib()} MiB")


if __name__ == "__main__":
    main()
