"""Forks: the child is a process of its own, nothing is lost on either side, and no thread of ours is in the way."""

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.instrumentation.mocked import call

import spanledger
from spanledger import lifecycle


def _child(queue: Any) -> None:
    call(2)
    spanledger.uninstrument()
    queue.put(None)


def test_a_forked_child_is_a_process_of_its_own(spool: Path, records: Any) -> None:
    spanledger.instrument()
    call()
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_child, args=(queue,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    # The parent's first file was sealed before the fork, the child's by the child.
    assert sorted(record["closed"] for record in records("segment")) == [False, True]
    call()
    (still_open,) = spool.glob("*.open")
    with still_open.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    spanledger.uninstrument()
    by_process: dict[str, list[int]] = {}
    for record in records():
        by_process.setdefault(record["process"], []).append(record["sequence"])
    assert sorted(by_process.values()) == [[1, 2], [1, 2]]
    assert len(by_process) == 2


FORKING = """
import os, threading, warnings
warnings.simplefilter("error")
import httpx2, spanledger
alive = []
os.register_at_fork(after_in_parent=lambda: alive.extend(threading.enumerate()[1:]))
answer = {"usage": {"prompt_tokens": 1}}
client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer)))
spanledger.instrument(tenant="t", log_calls=True)
for _ in range(4):
    client.post("https://api.openai.com/v1/embeddings", json={"model": "e"})
    child = os.fork()
    client.post("https://api.openai.com/v1/embeddings", json={"model": "e"})
    if not child:
        break
    assert os.waitpid(child, 0)[1] == 0
assert alive == [], alive
"""


def test_no_thread_of_ours_is_alive_when_the_process_forks(records: Any) -> None:
    # Where one is, Python 3.12 and later warn of a deadlock in the child.
    subprocess.run([sys.executable, "-c", FORKING], check=True)
    assert len(records()) == 4 * 2 + 4
    assert all(record["in_flight"] == [] for record in records("segment"))


def test_calls_of_many_threads_get_through_while_the_process_forks(records: Any) -> None:
    spanledger.instrument(tenant="t")
    forking = threading.Event()

    def work() -> None:
        while not forking.is_set():
            call()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    runtime = lifecycle.active()
    assert runtime is not None
    for _ in range(50):
        runtime.before_fork()
    forking.set()
    for thread in threads:
        thread.join()
    spanledger.uninstrument()
    sequences = sorted(record["sequence"] for record in records())
    assert sequences == list(range(1, len(sequences) + 1))
    assert "late" not in records("segment")[-1]


def test_a_child_leaves_the_stream_that_its_parent_opened_to_the_parent(
    server: Any, make: Any, hosts: str, records: Any
) -> None:
    spanledger.instrument(provider_hosts=hosts)
    server.will(make.events(*make.message_events()))
    with httpx2.stream("POST", f"{server.url}/anthropic/v1/messages", json={"model": "m"}) as response:
        pid = os.fork()
        if pid == 0:
            response.stream._call.finish()
            os._exit(0)
        os.waitpid(pid, 0)
        response.read()
    spanledger.uninstrument()
    assert [record["usage_status"] for record in records()] == ["complete"]
