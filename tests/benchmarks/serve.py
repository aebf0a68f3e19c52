"""How fast the API answers: 95th percentile of each question, and 200 readers while a version is published.

Run `python -m tests.benchmarks.serve [CALLS | FILE]`: a million generated calls of 1,000 tenants by default, or a
published file made before. Figures are wall milliseconds of whole answers over HTTP, warm, one reader.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import duckdb
from tests.benchmarks._published import write_published

from spanledger_warehouse.serve.tokens import token_file
from spanledger_warehouse.settings import Home

COSTS = "/api/v1/analytics/llm-costs"
QUESTIONS = (
    *(
        "daily",
        "daily?per_tenant=false",
        "hourly",
        "hourly?per_tenant=false",
        "by-model",
        "by-model?per_tenant=false",
    ),
    *("by-operation", "by-operation?per_tenant=false", "by-tenant", "summary", "coverage", "dimensions"),
    *(
        "recent-calls",
        "recent-calls?offset=50000",
        "failed-calls",
        "unpriced",
        "restatements",
        "data-quality",
    ),
    *("daily?model=model-3", "daily?operation=operation-3", "recent-calls?operation=operation-3"),
    *("daily?time_zone=business", "daily?time_zone=Europe/Berlin", "daily?time_zone=Asia/Kolkata"),
    "daily?model=model-3&operation=operation-3",
)
ROUNDS, READERS, SECONDS = 30, 200, 20


@contextmanager
def server(home: Path) -> Iterator[int]:
    """A server over a home; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "spanledger", "serve", "--port", "0"],
        env={**os.environ, "SPANLEDGER_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        (port,) = re.findall(r":(\d+);", process.stdout.readline())
        yield int(port)
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            (peak,) = re.findall(r"VmHWM:\s+(\d+)", status.read_text(encoding="utf-8"))
            print(f"peak memory of the server {int(peak) // 1024} MiB")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


class Reader:
    """One connection of a caller."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> tuple[int, Any]:
        """Status and document of an answer."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def percentiles(port: int, who: str, token: str) -> None:
    """Time each question."""
    reader = Reader(port, token)
    for question in QUESTIONS:
        path = f"{COSTS}/{question}"
        began = time.perf_counter()
        status, document = reader.get(path)
        first = time.perf_counter() - began
        assert status == 200, document
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            reader.get(path)
            times.append(time.perf_counter() - began)
        p95 = statistics.quantiles(times, n=20)[-1]
        print(
            f"{who:8} {question:45} p95 {p95 * 1000:8.1f} ms   median {statistics.median(times) * 1000:8.1f} ms   "
            f"first {first * 1000:9.1f} ms",
            flush=True,
        )


def another_version(file: Path, target: Path) -> None:
    """The same file with one day less, under another version."""
    shutil.copyfile(file, target)
    with duckdb.connect(str(target)) as connection:
        for table in ("daily_costs", "costs_by_model", "costs_by_operation", "hourly_costs"):
            connection.execute(
                f"delete from marts.{table} where day = (select max(day) from marts.calls) - 1"
            )
        connection.execute("update ops.publication set version = 'next'")


def while_published(port: int, tokens: list[str], home: Path, following: Path) -> None:
    """Let readers ask while the next version takes the place of this one."""
    done = threading.Event()
    questions = ("daily?per_tenant=false&limit=1000", "by-model?per_tenant=false&limit=1000", "summary")

    def read(number: int) -> Counter[str]:
        reader, seen = Reader(port, tokens[number % len(tokens)]), Counter[str]()
        while not done.is_set():
            status, document = reader.get(f"{COSTS}/{questions[number % 3]}")
            if status != 200:
                seen[f"status {status}"] += 1
                continue
            if (
                "rows" in document
                and sum(row["calls"] for row in document["rows"]) != document["totals"]["calls"]
            ):
                seen["mixed"] += 1
            scope = tokens[number % len(tokens)][:16]
            seen[f"{document['publication']['version']} {scope} {document['totals']['calls']}"] += 1
        return seen

    with ThreadPoolExecutor(READERS) as threads:
        reading = [threads.submit(read, number) for number in range(READERS)]
        time.sleep(SECONDS / 2)
        following.replace(home / "published" / "spanledger.duckdb")
        time.sleep(SECONDS / 2)
        done.set()
        seen = sum((one.result() for one in reading), Counter[str]())
    wrong = {name: count for name, count in seen.items() if name.startswith(("status", "mixed"))}
    totals = Counter(" ".join(name.split()[:2]) for name in seen if name not in wrong)
    assert set(totals.values()) == {1}, f"a caller saw two totals of one version: {seen}"
    answers = Counter[str]()
    for name, count in seen.items():
        answers[name.split()[0]] += count
    print(
        f"{READERS} readers, one publication: {dict(answers)} answers, {len(wrong)} kinds of errors {wrong}"
    )
    assert not wrong
    assert len(answers) == 2


def main() -> None:
    """Generate, serve, measure."""
    given = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    folder = Path(given).parent if Path(given).is_file() else None
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        home = Path(temporary) / "home"
        (home / "published").mkdir(parents=True)
        file = Path(given) if folder else write_published(Path(temporary), int(given))
        os.link(file, home / "published" / "spanledger.duckdb")
        with duckdb.connect(str(home / "published" / "spanledger.duckdb"), read_only=True) as connection:
            calls = connection.execute(
                "select count(*), count(distinct tenant_id) from marts.calls"
            ).fetchone()
        print(f"calls and tenants: {calls}, {file.stat().st_size / 1e6:.0f} MB")
        made = token_file(Home(home, home / "spool", home / "landing"))
        admin, _ = made.create("admin", role="admin", expires_in=timedelta(days=1))
        viewers = [
            made.create(name, role="viewer", tenants=[name], expires_in=timedelta(days=1))[0]
            for name in ("tenant-0", "tenant-500")
        ]
        another_version(file, Path(temporary) / "next.duckdb")
        with server(home) as port:
            for who, token in (("admin", admin), ("large", viewers[0]), ("small", viewers[1])):
                percentiles(port, who, token)
            while_published(port, [admin, *viewers], home, Path(temporary) / "next.duckdb")


if __name__ == "__main__":
    main()
