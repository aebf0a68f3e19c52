"""Disks that hang, syncs that fail, processes that are killed: count in is count out, and nobody waits for long."""

import asyncio
import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.instrumentation.mocked import BODY, URL, call

import spanledger


class Hanging:
    """Makes writes to spool files hang until let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        write = os.write

        def hang(descriptor: int, data: bytes) -> int:
            if data[:4] == b'{"v"':
                self.go.wait(30)
            return write(descriptor, data)

        monkeypatch.setattr("spanledger.segment.os.write", hang)


def test_a_disk_that_hangs_holds_the_first_caller_for_a_moment_and_nobody_after(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, records: Any
) -> None:
    # So long that even a busy machine gets all other calls done in less.
    spanledger.instrument(stall_seconds=2)
    call()
    disk = Hanging(monkeypatch)
    durations = []
    for _ in range(6):
        started = time.perf_counter()
        call()
        durations.append(time.perf_counter() - started)
    assert durations[0] >= 2 > max(durations[1:])
    assert len(records()) == 1
    assert "takes longer than 2 s" in caplog.text
    disk.go.set()
    spanledger.uninstrument()
    assert [record["sequence"] for record in records()] == list(range(1, 8))
    assert records("segment")[-1]["late"] == 6
    assert records("loss") == []


async def test_a_disk_that_hangs_does_not_hold_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, records: Any
) -> None:
    spanledger.instrument(stall_seconds=0.1)
    disk = Hanging(monkeypatch)
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=BODY))
    started = time.perf_counter()
    async with httpx2.AsyncClient(transport=transport) as http:
        await asyncio.gather(*(http.post(URL, json={"model": "m"}) for _ in range(50)))
    assert time.perf_counter() - started < 3
    disk.go.set()
    spanledger.uninstrument()
    assert len(records()) == 50


def test_what_a_hanging_disk_leaves_no_room_for_is_counted(
    monkeypatch: pytest.MonkeyPatch, records: Any
) -> None:
    monkeypatch.setattr("spanledger.spool.QUEUE_LINES", 4)
    spanledger.instrument(stall_seconds=0.05)
    disk = Hanging(monkeypatch)
    call(10)
    disk.go.set()
    assert spanledger.flush()
    call()
    spanledger.uninstrument()
    written = len(records())
    assert sum(loss["count"] for loss in records("loss")) == 11 - written > 0
    assert {loss["reason"] for loss in records("loss")} == {"queue_full"}


def test_the_end_of_the_process_waits_for_a_hanging_disk_only_so_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("spanledger.spool._PATIENCE", 0.1)
    spanledger.instrument(stall_seconds=0.05)
    disk = Hanging(monkeypatch)
    call(3)
    started = time.perf_counter()
    assert spanledger.flush() is False
    spanledger.uninstrument()
    assert time.perf_counter() - started < 2
    assert "could not write 3 records" in caplog.text
    disk.go.set()


@pytest.mark.parametrize(("policy", "at_once", "in_the_end"), [("none", 0, 0), ("always", 5, 5)])
def test_what_is_synced_before_a_call_returns(
    monkeypatch: pytest.MonkeyPatch, policy: str, at_once: int, in_the_end: int
) -> None:
    synced: list[float] = []
    fsync = os.fsync
    monkeypatch.setattr("spanledger.segment.os.fsync", lambda fd: (fsync(fd), synced.append(fd)))
    spanledger.instrument(fsync=policy)
    call()
    synced.clear()
    call(5)
    assert len(synced) == at_once
    spanledger.uninstrument()
    assert len(synced) >= in_the_end


def test_interval_syncs_once_a_second_also_while_nobody_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanledger.rotation.SYNC_SECONDS", 0.05)
    synced = threading.Event()
    fsync = os.fsync
    spanledger.instrument(fsync="interval")
    call()
    monkeypatch.setattr("spanledger.segment.os.fsync", lambda fd: (fsync(fd), synced.set()))
    assert synced.wait(5)


def test_a_failed_sync_is_no_loss_and_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, records: Any
) -> None:
    spanledger.instrument(fsync="always")
    call()
    fsync, broken = os.fsync, [True]

    def fail(descriptor: int) -> None:
        if broken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr("spanledger.segment.os.fsync", fail)
    call(3)
    assert "cannot write" in caplog.text
    broken.clear()
    assert spanledger.flush()
    spanledger.uninstrument()
    assert [record["sequence"] for record in records()] == [1, 2, 3, 4]


# Ten rounds; `make slow` makes 200.
ROUNDS = int(os.environ.get("SPANLEDGER_TEST_ROUNDS", "10"))


def test_rounds_of_kill_9_lose_nothing_that_was_returned_from(tmp_path: Path, records: Any) -> None:
    """Each round is killed from outside, at a moment of its own."""
    reported = 0
    for number in range(ROUNDS):
        process = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(1 + number % 7):
            process.stdout.readline()
        time.sleep(number % 5 / 1000)
        process.kill()
        reported += 1 + number % 7 + len(process.stdout.read().splitlines())
        process.stdout.close()
        process.wait()
    # A round may have written one more than it came to report.
    assert reported <= len(records()) <= reported + ROUNDS


ENDLESS = """
import os, httpx2, spanledger
spanledger.instrument()
client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json={})))
while True:
    client.post("https://api.openai.com/v1/embeddings", json={"model": "e"})
    os.write(1, b"returned\\n")
"""
