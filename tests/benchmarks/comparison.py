"""What Spanledger and three other instrumentations add to calls of the openai SDK, measured in one run.

Run `python -m tests.benchmarks.comparison [ROUNDS]`. They are in one environment with the newest releases
(`build/environments/benchmarks-…`, made by pip the first time). In each round each has a process of its own, and one
has none of them; the best process of each counts, and the noise is what the bare ones differ by. The others hand their
spans to a BatchSpanProcessor whose exporter drops them; Spanledger writes its records to the spool. All run with their
defaults; a second line has the content of prompts and answers switched off. See `_calls.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.environments import CHECKOUT, installed, python_with

PEERS = (
    "opentelemetry-instrumentation-openai",
    "openinference-instrumentation-openai",
    "opentelemetry-instrumentation-genai-openai",
)
# Rounds within a process.
INNER = 10
REQUIREMENTS = (
    "openai",
    "httpx",
    "opentelemetry-instrumentation-openai==0.62.4",
    "openinference-instrumentation-openai==0.1.66",
    "opentelemetry-instrumentation-genai-openai==1.3b0",
)
NO_CONTENT = {
    "TRACELOOP_TRACE_CONTENT": "false",
    "OPENINFERENCE_HIDE_INPUTS": "true",
    "OPENINFERENCE_HIDE_OUTPUTS": "true",
}
# The official one leaves content out unless asked.
RUNS: dict[str, dict[str, str]] = {
    "bare": {},
    "spanledger": {},
    "openllmetry": {},
    "openllmetry, no content": NO_CONTENT,
    "openinference": {},
    "openinference, no content": NO_CONTENT,
    "official": {},
}
_EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n'


class Server(ThreadingHTTPServer):
    """Says nothing of clients that leave."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing."""


class Streaming(BaseHTTPRequestHandler):
    """Streams a few chunks."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (*[_EVENT] * 4, b"data: [DONE]\n\n"):
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def measure(python: Path, name: str, url: str) -> dict[str, float]:
    """The figures of one process."""
    foreign = ("OTEL_", "SPANLEDGER_", "TRACELOOP_", "OPENINFERENCE_")
    variables = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    program = [
        str(python),
        str(Path(__file__).with_name("_calls.py")),
        name.partition(",")[0],
        str(INNER),
        url,
    ]
    done = subprocess.run(
        program,
        env=variables | RUNS[name],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(figures: dict[str, list[dict[str, float]]]) -> list[str]:
    """The bare figures, and what each instrumentation adds to them, give or take the noise."""
    bare = figures.pop("bare")
    cases = list(bare[0])
    best = {case: min(one[case] for one in bare) for case in cases}
    noise = {case: max(one[case] for one in bare) - best[case] for case in cases}
    rows = [["", *cases], ["bare", *(f"{best[case]:,.0f}" for case in cases)]]
    rows.append(["noise", *(f"± {noise[case]:,.0f}" for case in cases)])
    for name, found in figures.items():
        added = (min(one[case] for one in found) - best[case] for case in cases)
        rows.append([name, *(f"{figure:+,.0f}" for figure in added)])
    return [f"{row[0]:27}" + "".join(f"{cell:>22}" for cell in row[1:]) for row in rows]


def main(rounds: int = 5) -> None:
    """Print the table."""
    python = python_with(
        "benchmarks", *REQUIREMENTS, options=("--constraint", str(CHECKOUT / "constraints.txt"))
    )
    versions = installed(python, "openai", "opentelemetry-sdk", *PEERS)
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    http = Server(("127.0.0.1", 0), Streaming)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in RUNS}
    for _ in range(rounds):
        for name in RUNS:
            figures[name].append(measure(python, name, url))
    http.shutdown()
    print(f"µs per call to the openai SDK, then µs added; CPU time unless said; best of {rounds} processes")
    print("\n".join(table(figures)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
