"""What must hold with every supported release of a client library; runs by itself in an environment of the matrix.

Each client that is installed makes its calls, sync and async, streamed and not, to a server on loopback that speaks
like its provider. Exactly one record must come of each, with the tokens that were answered. The program prints one
line a client and exits 1 when something does not hold. It needs nothing but the libraries it tries.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path

from clients import CLIENTS, httpx_1, httpx_2
from provider import INPUT, OUTPUT, Handler

import spanledger
from spanledger import doctor, testing


def is_there(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def differences(work: Callable[[str], int], url: str, hosts: str) -> str | None:
    """What is wrong with the records of a client's calls; None when nothing is."""
    with testing.capture(provider_hosts=hosts, tenant="acme") as captured:
        try:
            expected = work(url)
        except Exception as error:  # whatever it is, it belongs into the report
            return f"{type(error).__name__}: {str(error)[:300]}"
        found = [
            (call["tenant"], call["usage_status"], call.get("input_tokens"), call.get("output_tokens"))
            for call in captured.calls
        ]
    wanted = [("acme", "complete", INPUT, OUTPUT)] * expected
    return None if found == wanted else f"expected {wanted}, recorded {found}"


def mirrored(url: str, home: Path) -> str | None:
    """The spool and the application's own traces both get each call once."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    trace.set_tracer_provider(provider)
    spanledger.instrument(home=home, tenant="acme", provider_hosts=f"{url.removeprefix('http://')}=openai")
    calls = httpx_1(url) if is_there("httpx") else httpx_2(url)
    spanledger.uninstrument()
    records = [
        json.loads(line)
        for path in (home / "spool").glob("*.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    spans = [record for record in records if record["kind"] == "span"]
    spans_shown = len(memory.get_finished_spans())
    return (
        None
        if len(spans) == spans_shown == calls
        else f"{calls} calls, {len(spans)} records, {spans_shown} spans"
    )


def main(home: str) -> int:
    """Try everything; the exit code says whether all of it holds."""
    os.environ.pop("SPANLEDGER_TENANT", None)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    address = f"127.0.0.1:{http.server_address[1]}"
    url = f"http://{address}"
    failed = 0

    def report(name: str, version: str, problem: str | None) -> None:
        nonlocal failed
        failed += problem is not None
        print(f"{name:22} {version:12} {problem or 'ok'}")

    for name, (module, work, provider) in CLIENTS.items():
        if is_there(module):
            problem = differences(work, url, f"{address}={provider}")
            report(name, importlib.metadata.version(name), problem)
    report("opentelemetry-sdk", importlib.metadata.version("opentelemetry-sdk"), mirrored(url, Path(home)))
    problems = [finding.text for finding in doctor.examine() if finding.level == doctor.PROBLEM]
    report("doctor", spanledger.__version__, "; ".join(problems) or None)
    http.shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
