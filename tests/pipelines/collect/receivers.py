"""A receiver in a process of its own, real exporters that send to it, and what it left in its landing zone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.warehouse.records import NOON, nanos

PROTOBUF = "application/x-protobuf"
_PROGRAM = "from spanledger.command import main; raise SystemExit(main())"
_READY = re.compile(r"https?://127\.0\.0\.1:(\d+)(?:, OTLP/gRPC on 127\.0\.0\.1:(\d+))?")


def command_line(*arguments: str) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-c", _PROGRAM, *arguments]


def environment() -> dict[str, str]:
    """Nothing of whoever runs the tests."""
    foreign = ("OTEL_", "SPANLEDGER_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


class Receiver:
    """A running `spanledger collect`."""

    def __init__(
        self, home: Path, process: subprocess.Popen[str], http_port: int, grpc_port: int | None
    ) -> None:
        self.home = home
        self.process = process
        self.http_port = http_port
        self.url = f"http://127.0.0.1:{http_port}"
        self.grpc = f"127.0.0.1:{grpc_port}"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    def post(
        self, body: bytes, kind: str = PROTOBUF, path: str = "/v1/traces", **headers: str
    ) -> httpx.Response:
        """One request, as bytes."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(
            self.url + path,
            content=body,
            headers={"content-type": kind, **names},
            timeout=60,
            trust_env=False,
        )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, trust_env=False)

    def peak_mib(self) -> int:
        """The most memory it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stop in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def records(self) -> list[dict[str, Any]]:
        return records_of(self.landing)


@contextmanager
def receiver(home: Path, *options: str, http_port: int = 0, grpc: bool = False) -> Iterator[Receiver]:
    """Start a receiver; it is stopped at the end if it still runs."""
    ports = ["--http-port", str(http_port), "--grpc-port", "0" if grpc else "-1"]
    process = subprocess.Popen(
        command_line("collect", "--home", str(home), *ports, *options),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=home.parent,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = _READY.search(line)
        assert found, f"the receiver did not start: {line}"
        yield Receiver(home, process, int(found[1]), int(found[2]) if found[2] else None)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def records_of(landing: Path) -> list[dict[str, Any]]:
    """Every whole line of a landing zone, whether its file is sealed or still open."""
    found = []
    for path in sorted(landing.rglob("*.jsonl*")):
        for line in path.read_bytes().split(b"\n")[:-1]:
            found.append(json.loads(line))  # noqa: PERF401 - an unreadable line shall say where it is
    return found


def request(count: int, *, first: int = 1, **attributes: Any) -> ExportTraceServiceRequest:
    """An export request of spans with different ids."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "desk"
    scope = resource_spans.scope_spans.add()
    scope.scope.name = "tests"
    for number in range(first, first + count):
        span = scope.spans.add(name="chat m", kind=3)  # type: ignore[arg-type]
        span.trace_id, span.span_id = number.to_bytes(16, "big"), number.to_bytes(8, "big")
        span.start_time_unix_nano, span.end_time_unix_nano = nanos(NOON) - 10**9, nanos(NOON)
        for name, value in {
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": number,
            **attributes,
        }.items():
            target = span.attributes.add(key=name).value
            if isinstance(value, int):
                target.int_value = value
            else:
                target.string_value = value
    return message


def ended_spans(count: int, *, tenant: str = "acme") -> list[ReadableSpan]:
    """Spans as an application's SDK ends them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "desk"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests")
    for number in range(1, count + 1):
        attributes = {"gen_ai.usage.input_tokens": number, "spanledger.tenant.id": tenant}
        tracer.start_span("chat m", attributes=attributes).end()
    return list(memory.get_finished_spans())
