"""The spool: whole lines before the caller goes on, sealed files, kills and failing disks."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.instrumentation.mocked import call

import spanledger
from spanledger import lifecycle


def test_no_file_before_the_first_call(spool: Path) -> None:
    spanledger.instrument()
    assert spanledger.flush()
    spanledger.uninstrument()
    assert not spool.exists()


def test_the_record_is_on_disk_when_the_call_returns_and_its_file_is_locked(
    spool: Path, records: Any
) -> None:
    spanledger.instrument()
    call()
    (path,) = spool.iterdir()
    assert path.name.endswith("-000001.jsonl.open")
    assert len(records()) == 1
    with path.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_flush_seals_and_uninstrument_closes(spool: Path, records: Any) -> None:
    spanledger.instrument()
    call(3)
    assert spanledger.flush()
    call(2)
    spanledger.uninstrument()
    assert sorted(path.suffix for path in spool.iterdir()) == [".jsonl", ".jsonl"]
    first, last = records("segment")
    assert {key: first[key] for key in ("segment", "first_sequence", "last_sequence", "count")} == {
        "segment": 1,
        "first_sequence": 1,
        "last_sequence": 3,
        "count": 3,
    }
    assert (first["closed"], first["issued"], first["in_flight"], first["dropped"]) == (False, 3, [], 0)
    assert (last["segment"], last["count"], last["closed"], last["issued"]) == (2, 2, True, 5)
    assert [record["sequence"] for record in records()] == [1, 2, 3, 4, 5]


def test_a_process_that_ends_right_after_a_flush_still_says_that_it_closed(records: Any) -> None:
    spanledger.instrument()
    call()
    spanledger.flush()
    spanledger.uninstrument()
    last = records("segment")[-1]
    assert (last["closed"], last["count"]) == (True, 0)
    assert "first_sequence" not in last


def test_files_rotate_by_size_and_by_age(spool: Path, records: Any) -> None:
    spanledger.instrument(segment_bytes=3000)
    call(9)
    spanledger.uninstrument()
    assert len(records("segment")) >= 3
    assert [record["sequence"] for record in records()] == list(range(1, 10))
    spanledger.instrument(segment_seconds=0.05)
    call()
    deadline = time.monotonic() + 5
    while list(spool.glob("*.open")) and time.monotonic() < deadline:
        time.sleep(0.01)  # nobody calls any more: the file is sealed all the same
    assert not list(spool.glob("*.open"))


def test_in_flight_calls_are_in_the_trailer_and_end_with_the_process(
    server: Any, make: Any, hosts: str, records: Any
) -> None:
    spanledger.instrument(provider_hosts=hosts)
    server.will(make.events(*make.message_events(), pause=0.02))
    call()
    http = httpx2.Client()
    request = http.build_request("POST", f"{server.url}/anthropic/v1/messages", json={"model": "m"})
    response = http.send(request, stream=True)
    pieces = response.iter_raw()
    next(pieces)
    call()
    spanledger.flush()
    assert records("segment")[0]["in_flight"] == [2]
    spanledger.uninstrument()
    assert records()[-1]["sequence"] == 2
    assert records()[-1]["usage_status"] == "partial"
    response.close()
    http.close()
    assert len(records()) == 3


def test_many_threads_write_whole_lines_and_every_sequence(records: Any) -> None:
    spanledger.instrument(segment_bytes=20_000)
    threads = [threading.Thread(target=call, args=(50,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spanledger.uninstrument()
    assert sorted(record["sequence"] for record in records()) == list(range(1, 401))


KILLED = """
import os, signal, sys
import httpx2, spanledger
spanledger.instrument()
answer = {"usage": {"prompt_tokens": 1}}
client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer)))
for _ in range(int(sys.argv[1])):
    client.post("https://api.openai.com/v1/embeddings", json={"model": "e"})
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("calls", [1, 2, 7])
def test_nothing_is_lost_by_kill_9_after_the_call_returned(calls: int, records: Any) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED, str(calls)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [record["sequence"] for record in records()] == list(range(1, calls + 1))


ORDERLY = """
import httpx2, spanledger
spanledger.instrument()
client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, text="data: x\\n\\n")))
client.post("https://api.openai.com/v1/responses", json={"model": "e"})
response = client.send(client.build_request("POST", "https://api.openai.com/v1/responses"), stream=True)
"""


def test_an_orderly_end_seals_the_file_and_ends_open_streams(spool: Path, records: Any) -> None:
    subprocess.run([sys.executable, "-c", ORDERLY], check=True)
    assert [record["usage_status"] for record in records()] == ["missing", "missing"]
    assert [record["closed"] for record in records("segment")] == [True]
    assert not list(spool.glob("*.open"))


def failing(monkeypatch: pytest.MonkeyPatch, error: int) -> dict[str, bool]:
    """Make writes to spool files fail while the switch is on."""
    switch = {"on": True}
    write = os.write

    def fail(descriptor: int, data: bytes) -> int:
        if switch["on"] and data[:4] == b'{"v"':
            if error == errno.ENOSPC and len(data) > 100:
                return write(descriptor, data[:50])  # a full disk takes what still fits
            raise OSError(error, os.strerror(error))
        return write(descriptor, data)

    monkeypatch.setattr("spanledger.segment.os.write", fail)
    return switch


def retry_now() -> None:
    runtime = lifecycle.active()
    assert runtime is not None
    runtime.sink._retry_at = 0.0  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_records_wait_for_a_failing_disk_and_none_is_torn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, records: Any, error: int
) -> None:
    spanledger.instrument()
    call()
    switch = failing(monkeypatch, error)
    call(5)
    assert len(records()) == 1
    assert len([record for record in caplog.records if "cannot write" in record.message]) == 1
    switch["on"] = False
    retry_now()
    call()
    spanledger.uninstrument()
    assert [record["sequence"] for record in records()] == list(range(1, 8))
    assert records("loss") == []


def test_a_full_queue_is_counted_and_told_when_writing_works_again(
    monkeypatch: pytest.MonkeyPatch, records: Any
) -> None:
    monkeypatch.setattr("spanledger.spool.QUEUE_LINES", 4)
    spanledger.instrument()
    switch = failing(monkeypatch, errno.ENOSPC)
    call(10)
    switch["on"] = False
    retry_now()
    call()
    spanledger.uninstrument()
    (loss,) = records("loss")
    assert loss["reason"] == "disk_full"
    assert loss["count"] == 6
    assert records("segment")[-1]["dropped"] == 6
    assert len(records()) == 5


def test_a_removed_folder_is_made_again_and_what_was_in_it_is_counted(spool: Path, records: Any) -> None:
    spanledger.instrument()
    call(2)
    for path in spool.iterdir():
        path.unlink()
    spool.rmdir()
    call()
    spanledger.uninstrument()
    (loss,) = records("loss")
    assert (loss["reason"], loss["count"]) == ("write_error", 2)
    assert [record["sequence"] for record in records()] == [3]


def test_a_spool_that_cannot_exist_harms_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    spanledger.instrument(spool=tmp_path / "file" / "spool")
    call(3)
    assert spanledger.flush() is False
    spanledger.uninstrument()
    assert "cannot write" in caplog.text


LIMITED = """
import resource, sys
import httpx2, spanledger
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
spanledger.instrument()
answer = {"usage": {"prompt_tokens": 1}}
client = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer)))
for _ in range(5):
    assert client.post("https://api.openai.com/v1/embeddings", json={"model": "e"}).status_code == 200
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_file_size_limit_of_the_system_is_survived(records: Any) -> None:
    subprocess.run([sys.executable, "-c", LIMITED], check=True, stderr=subprocess.DEVNULL)
    assert [record["sequence"] for record in records()] == [1, 2, 3, 4, 5]


def test_a_call_made_by_a_signal_handler_in_the_middle_of_a_write_does_not_deadlock(
    monkeypatch: pytest.MonkeyPatch, records: Any
) -> None:
    spanledger.instrument()
    write = os.write
    interrupted = []

    def interrupt(descriptor: int, data: bytes) -> int:
        if data[:4] == b'{"v"' and not interrupted:
            interrupted.append(True)
            call()  # what a signal handler or a finaliser would do here
        return write(descriptor, data)

    monkeypatch.setattr("spanledger.segment.os.write", interrupt)
    call()
    spanledger.uninstrument()
    assert sorted(record["sequence"] for record in records()) == [1, 2]


def test_lines_are_utf8_whatever_the_caller_puts_in(records: Any, spool: Path) -> None:
    spanledger.instrument()
    with spanledger.context(tenant="ten\ud800ant\n", metadata={"\ud800": "é\u2028"}):
        call()
    spanledger.uninstrument()
    (record,) = records()
    assert record["tenant"] == "ten?ant"
    assert json.loads(record["metadata"]) == {"?": "é\u2028"}
