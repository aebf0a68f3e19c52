"""From a service's call to the landing zone, with whole processes: count in is count out, whatever dies on the way.

`make slow` runs these at full length: a minute of outage, 200 rounds of kill -9.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.pipelines.collect.receivers import command_line, environment, receiver, records_of
from tests.warehouse.records import chat, span, text_of, trailer

ROUNDS = int(os.environ.get("SPANLEDGER_TEST_ROUNDS", "2"))
OUTAGE_SECONDS = float(os.environ.get("SPANLEDGER_TEST_OUTAGE_SECONDS", "2"))

SERVICE = """
import os, sys, time
import httpx2, spanledger
answer = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
http = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer)))
made = 0
def call():
    global made
    assert http.post("https://api.openai.com/v1/chat/completions", json={"model": "m"}).status_code == 200
    made += 1
spanledger.instrument(tenant="acme", segment_seconds=0.2, segment_bytes=20_000)
"""
UNDER_LOAD = """
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    call()
    time.sleep(0.004)
print(made)
"""
FORKING = """
import threading
threads = [threading.Thread(target=lambda: [call() for _ in range(40)]) for _ in range(3)]
for thread in threads:
    thread.start()
children = []
for number in range(6):
    child = os.fork()
    if not child:
        made = 0
        for _ in range(20 + number):
            call()
        os.write(1, b"%d\\n" % made)
        # Half of them end in order, half do not.
        os.kill(os.getpid(), 9) if number % 2 else sys.exit()
    children.append(child)
for thread in threads:
    thread.join()
for child in children:
    os.waitpid(child, 0)
os.write(1, b"%d\\n" % made)
"""
ON_A_FULL_DISK = """
ballast = os.path.join(os.environ["SPANLEDGER_SPOOL"], "ballast")
call()
with open(ballast, "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError as error:
        assert error.errno == 28, error
# More than may wait in memory.
for _ in range(10_400):
    call()
os.unlink(ballast)
deadline = time.monotonic() + 20
while not spanledger.flush() and time.monotonic() < deadline:
    time.sleep(0.1)
call()
spanledger.uninstrument()
print(made)
"""


def service(
    program: str, spool: Path, *arguments: str, wrapped: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*wrapped, sys.executable, "-W", "ignore::DeprecationWarning", "-c", SERVICE + program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment() | {"SPANLEDGER_SPOOL": str(spool)},
    )


@contextmanager
def shipping(spool: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ["ship", "--to", f"http://127.0.0.1:{port}", "--spool", str(spool), "--interval", "0.05"]
    process = subprocess.Popen(command_line(*arguments), env=environment(), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ship_the_rest(spool: Path, url: str) -> None:
    arguments = ["ship", "--to", url, "--spool", str(spool), "--once"]
    subprocess.run(command_line(*arguments), env=environment(), check=True, timeout=120)


def spans(landing: Path) -> list[dict[str, Any]]:
    return [record for record in records_of(landing) if record["kind"] == "span"]


def test_a_collector_that_is_killed_and_away_under_load_costs_nothing(tmp_path: Path) -> None:
    spool, home = tmp_path / "spool", tmp_path / "home"
    with receiver(home) as running:
        port = running.http_port
        working = service(UNDER_LOAD, spool, str(OUTAGE_SECONDS + 3))
        with shipping(spool, port):
            time.sleep(1.5)
            running.kill()
            time.sleep(OUTAGE_SECONDS)
            waiting = len(list(spool.glob("*.jsonl")))
            with receiver(home, http_port=port) as again:
                made = int(working.communicate(timeout=120)[0])
                ship_to = again.url
                deadline = time.monotonic() + 90
                while list(spool.glob("*.jsonl")) and time.monotonic() < deadline:
                    time.sleep(0.1)
        assert waiting > OUTAGE_SECONDS
    with receiver(home, http_port=port):
        ship_the_rest(spool, ship_to)
    arrived = sorted(record["sequence"] for record in spans(home / "landing"))
    assert arrived == list(range(1, made + 1))
    assert list(spool.glob("*.jsonl*")) == []


def test_every_process_of_a_fork_is_counted_to_its_last_call(tmp_path: Path) -> None:
    spool, home = tmp_path / "spool", tmp_path / "home"
    said, _ = service(FORKING, spool).communicate(timeout=120)
    with receiver(home) as running:
        deadline = time.monotonic() + 60
        # What a killed child left open is sent once it has been still for a few seconds.
        while list(spool.glob("*.jsonl*")) and time.monotonic() < deadline:
            ship_the_rest(spool, running.url)
    numbers: dict[str, list[int]] = {}
    for record in spans(home / "landing"):
        numbers.setdefault(record["process"], []).append(record["sequence"])
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())
    # What a child was born with is the parent's to count; the children say their own.
    assert Counter(map(len, numbers.values())) == Counter(map(int, said.split()))


def mounted(folder: Path, size: str) -> tuple[str, ...]:
    """What runs a command with a small disk of its own at `folder`; nothing stays mounted."""
    mount = f'mount -t tmpfs -o size={size} none {folder} && exec "$@"'
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")


def may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*mounted(folder, "64k"), "true"], capture_output=True, check=False).returncode == 0


def test_a_disk_that_is_full_for_a_while_holds_nobody_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    spool, kept = tmp_path / "spool", tmp_path / "kept"
    spool.mkdir()
    if not may_mount(spool):
        pytest.skip("no right to mount a small disk here; a file size limit is tested in test_spool.py")
    # The disk goes with its process, so what is on it is copied before.
    copying = ON_A_FULL_DISK + f"\nimport shutil; shutil.copytree({str(spool)!r}, {str(kept)!r})"
    said, _ = service(copying, spool, wrapped=mounted(spool, "24m")).communicate(timeout=120)
    made = int(said.split()[-1])
    found = records_of(kept)
    written = [record["sequence"] for record in found if record["kind"] == "span"]
    lost = {(record["reason"], record["count"]) for record in found if record["kind"] == "loss"}
    assert made == 10_402
    assert len(set(written)) == len(written)
    assert len(written) + sum(count for _, count in lost) == made
    assert {reason for reason, _ in lost} == {"disk_full"}
    assert 300 < made - len(written) < 500
    # The numbers that are missing are those that were counted: nothing else is.
    assert [record for record in found if record["kind"] == "segment"][-1]["dropped"] == made - len(written)


def fill(spool: Path, first: int, segments: int) -> None:
    for number in range(first, first + segments):
        sequences = list(range(number * 3 - 2, number * 3 + 1))
        records = [*(span(one, usage=chat(1, 1)) for one in sequences), trailer(sequences, segment=number)]
        partial = spool / f".{number}.new"
        partial.write_text(text_of(records))
        partial.rename(spool / f"{'ab' * 16}-{number:06d}.jsonl")


def test_a_shipper_that_is_killed_at_any_point_loses_nothing(tmp_path: Path) -> None:
    spool, home = tmp_path / "spool", tmp_path / "home"
    spool.mkdir()
    made = 0
    with receiver(home) as running:
        for number in range(ROUNDS):
            fill(spool, made + 1, 12)
            made += 12
            with shipping(spool, running.http_port) as process:
                leave = random.Random(number).randrange(1, 12)
                deadline = time.monotonic() + 60
                while len(list(spool.glob("*.jsonl"))) > leave and time.monotonic() < deadline:
                    assert process.poll() is None
                process.kill()
        ship_the_rest(spool, running.url)
    arrived = sorted(record["sequence"] for record in spans(home / "landing"))
    assert arrived == list(range(1, made * 3 + 1))


def test_the_numbers_of_a_segment_are_those_of_its_trailer(tmp_path: Path) -> None:
    """What the tests above count is what the warehouse counts by."""
    spool = tmp_path / "spool"
    made = int(service(UNDER_LOAD, spool, "0.5").communicate(timeout=60)[0])
    trailers = [record for record in records_of(spool) if record["kind"] == "segment"]
    assert sum(one["count"] for one in trailers) == made == trailers[-1]["issued"]
    assert trailers[-1]["closed"] is True
