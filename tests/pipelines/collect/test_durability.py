"""Acknowledged is on disk: kill -9 and outages under load, with what was acknowledged counted against what is there."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace.export import SpanExportResult
from tests.pipelines.collect.receivers import ended_spans, receiver, records_of, request
from tests.warehouse.records import span, text_of

from spanledger_pipelines.collect.storage import Committer, recover

# Three rounds; `make slow` makes 200.
ROUNDS = int(os.environ.get("SPANLEDGER_TEST_ROUNDS", "3"))
SENDERS = 4


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    home = tmp_path / "home"
    acknowledged: set[int] = set()
    for number in range(1, ROUNDS + 1):
        with receiver(home, "--seal-seconds", "0.1") as running:
            senders = [
                threading.Thread(
                    target=_send, args=(running.url, number * 10**6 + sender * 10**5, acknowledged)
                )
                for sender in range(SENDERS)
            ]
            for sender in senders:
                sender.start()
            deadline, before = time.monotonic() + 60, len(acknowledged)
            while len(acknowledged) < before + 50 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.03 * (number % 7))
            running.kill()
            for sender in senders:
                sender.join()
    with receiver(home) as running:
        assert running.get("/health").status_code == 200
    there = [record["input_tokens"] for record in records_of(home / "landing")]
    assert len(acknowledged) >= 50 * ROUNDS
    assert acknowledged <= set(there)
    # A request that nobody was told about may be there in full or not at all, never in part.
    assert len(there) % 10 == 0
    assert not list((home / "landing" / "collect").glob("*.open"))


def _send(url: str, first: int, acknowledged: set[int]) -> None:
    with httpx.Client(trust_env=False) as client:
        while True:
            body = request(10, first=first).SerializeToString()
            try:
                answer = client.post(
                    f"{url}/v1/traces", content=body, headers={"content-type": "application/x-protobuf"}
                )
            except httpx.HTTPError:
                return
            assert answer.status_code == 200
            acknowledged.update(range(first, first + 10))
            first += 10


def test_an_exporter_that_retries_over_an_outage_loses_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with receiver(home) as running:
        port = running.http_port
    exporter = HttpExporter(f"http://127.0.0.1:{port}/v1/traces", timeout=30)
    results: list[SpanExportResult] = []
    sending = threading.Thread(target=lambda: results.append(exporter.export(ended_spans(25))))
    sending.start()
    time.sleep(1)
    with receiver(home, http_port=port) as running:
        sending.join()
        assert running.stop() == 0
    exporter.shutdown()
    assert results == [SpanExportResult.SUCCESS]
    assert {record["input_tokens"] for record in records_of(home / "landing")} == set(range(1, 26))


def test_requests_under_way_are_answered_at_an_orderly_end(tmp_path: Path) -> None:
    with receiver(tmp_path / "home") as running:

        def slow():
            body = request(5).SerializeToString()
            yield body[:50]
            time.sleep(0.5)  # until then the receiver has begun to read: before, nothing would be under way
            running.process.terminate()
            time.sleep(0.5)
            yield body[50:]

        headers = {"content-type": "application/x-protobuf"}
        answer = httpx.post(f"{running.url}/v1/traces", content=slow(), headers=headers, trust_env=False)
        assert answer.status_code == 200
        assert running.process.wait(30) == 0
        assert len(running.records()) == 5


def test_segments_are_stored_once_byte_for_byte(tmp_path: Path) -> None:
    content = text_of([span(1), span(2)]).encode()
    with receiver(tmp_path / "home") as running:
        outcomes = [running.post(content, "application/x-ndjson", "/v1/segments").json() for _ in range(3)]
        assert outcomes == [{"outcome": "new"}, {"outcome": "known"}, {"outcome": "known"}]
        wrong = running.post(content, "application/x-ndjson", "/v1/segments", spanledger_sha256="0" * 64)
        assert wrong.status_code == 400
        assert "the sender computed" in wrong.json()["message"]
        assert running.post(b"no records", "application/x-ndjson", "/v1/segments").status_code == 400
    (stored,) = (tmp_path / "home" / "landing" / "segments").iterdir()
    assert stored.read_bytes() == content


def test_a_torn_line_is_cut_when_the_receiver_comes_back(tmp_path: Path) -> None:
    whole = text_of([span(1)]).encode()
    (tmp_path / "ab-000001.jsonl.open").write_bytes(whole + b'{"torn":')
    (tmp_path / "cd-000001.jsonl.open").write_bytes(b'{"only torn":' + b"x" * 70_000)
    assert [path.name for path in recover(tmp_path)] == ["ab-000001.jsonl", "cd-000001.jsonl"]
    assert (tmp_path / "ab-000001.jsonl").read_bytes() == whole
    assert (tmp_path / "cd-000001.jsonl").read_bytes() == b""


def test_the_file_of_a_receiver_that_lives_is_left_alone(tmp_path: Path) -> None:
    committer = Committer(tmp_path)
    committer.submit(b'{"a":1}\n').result(10)
    assert recover(tmp_path) == []
    committer.close()
    assert [path.suffix for path in tmp_path.iterdir()] == [".jsonl"]


def test_a_failed_write_is_told_and_its_bytes_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = Committer(tmp_path)
    committer.submit(b"first\n").result(10)
    real = os.write
    monkeypatch.setattr(
        os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:3]) and _no_space()
    )
    with pytest.raises(OSError, match=r"cannot write to .*: No space left"):
        committer.submit(b"second\n").result(10)
    assert committer.failure is not None
    monkeypatch.undo()
    committer.submit(b"third\n").result(10)
    assert committer.failure is None
    committer.close()
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"first\n", b"third\n"]


def _no_space() -> int:
    raise OSError(28, "No space left on device")


def test_a_slow_disk_makes_the_next_wait_instead_of_filling_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("spanledger_pipelines.collect.storage.sync", lambda _descriptor: go_on.wait(30))
    monkeypatch.setattr("spanledger_pipelines.collect.storage._QUEUE_BYTES", 10)
    committer = Committer(tmp_path)
    first = committer.submit(b"0123456789\n")
    second = threading.Thread(target=lambda: committer.submit(b"second\n"))
    second.start()
    second.join(0.3)
    assert second.is_alive()
    go_on.set()
    second.join(30)
    assert not second.is_alive()
    first.result(10)
    committer.close()
    assert b"".join(path.read_bytes() for path in tmp_path.iterdir()) == b"0123456789\nsecond\n"


def test_a_failed_sync_is_never_an_acknowledgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committer = Committer(tmp_path)
    monkeypatch.setattr("spanledger_pipelines.collect.storage.sync", lambda _descriptor: _no_space())
    with pytest.raises(OSError, match="No space left"):
        committer.submit(b"lost\n").result(10)
    monkeypatch.undo()
    committer.submit(b"kept\n").result(10)
    committer.close()
    assert [path.read_bytes() for path in tmp_path.glob("*.jsonl")] == [b"kept\n"]
