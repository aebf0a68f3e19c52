"""The shipper: what is in a spool arrives, whatever happens to either side; what was not acknowledged stays."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.pipelines.collect.receivers import command_line, environment, receiver, records_of
from tests.warehouse.records import chat, span, text_of, trailer, write_records

from spanledger_pipelines.ship.otlp import request
from spanledger_pipelines.ship.shipper import Shipper, _wait
from spanledger_pipelines.ship.spool import Spool
from spanledger_pipelines.ship.targets import NeverError, SegmentTarget, TryLaterError, client, retry_after
from spanledger_warehouse.otlp import protobuf


def fill(spool: Path, segments: int, *, first: int = 1, spans: int = 4) -> None:
    """Sealed segments with spans numbered on."""
    for number in range(first, first + segments):
        sequences = list(range((number - 1) * spans + 1, number * spans + 1))
        records = [
            *(_span(sequence) for sequence in sequences),
            trailer(sequences, segment=number, closed=False),
        ]
        partial = write_records(spool / f".{number}.new", records)
        partial.rename(spool / f"{'ab' * 16}-{number:06d}.jsonl")


def _span(number: int) -> Any:
    return span(
        number,
        usage=chat(10, 2),
        trace_id=f"{number:032x}",
        span_id=f"{number:016x}",
        span_kind="client",
        name="c",
    )


def sequences(landing: Path) -> list[int]:
    return sorted(record["sequence"] for record in records_of(landing) if record["kind"] == "span")


def ship(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_line("ship", *arguments),
        capture_output=True,
        text=True,
        env=environment() | variables,
        check=False,
        timeout=120,
    )


@contextmanager
def shipping(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shipper in a process of its own, killed at the end."""
    process = subprocess.Popen(command_line("ship", *arguments), env=environment(), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def stub(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[str]]]:
    """An endpoint that gives these answers, the last one for ever; its address, and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status, headers, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_segments_arrive_as_they_are_and_leave_the_spool(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 3)
    sent = {path.read_bytes() for path in (tmp_path / "spool").glob("*.jsonl")}
    with receiver(tmp_path / "home") as running:
        done = ship("--to", running.url, "--spool", str(tmp_path / "spool"), "--once")
    assert (done.returncode, done.stdout) == (0, "3 segments sent, 0 refused, 0 left.\n")
    assert {path.read_bytes() for path in (running.landing / "segments").iterdir()} == sent
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


def test_what_was_sent_is_kept_on_request(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 1)
    with receiver(tmp_path / "home") as running:
        assert (
            ship("--to", running.url, "--spool", str(tmp_path / "spool"), "--once", "--keep").returncode == 0
        )
    assert len(list((tmp_path / "spool" / "sent").iterdir())) == 1


def test_without_a_receiver_everything_stays_and_cron_hears_of_it(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 2)
    done = ship("--to", "http://127.0.0.1:9", "--spool", str(tmp_path / "spool"), "--once")
    assert (done.returncode, done.stdout) == (1, "0 segments sent, 0 refused, 2 left.\n")
    assert "stays in the spool: http://127.0.0.1:9/ cannot be reached" in done.stderr
    assert len(list((tmp_path / "spool").glob("*.jsonl"))) == 2


def test_two_shippers_of_one_spool_are_one_too_many(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool"):
        done = ship("--to", "http://127.0.0.1:9", "--spool", str(tmp_path / "spool"), "--once")
    assert done.returncode == 2
    assert "another spanledger ship works on" in done.stderr


def test_count_in_is_count_out_over_outages_and_kill_9_of_both_sides(tmp_path: Path) -> None:
    spool, home = tmp_path / "spool", tmp_path / "home"
    with receiver(home) as running:
        port = running.http_port
    arguments = ["--to", f"http://127.0.0.1:{port}", "--spool", str(spool), "--interval", "0.05"]
    rounds, each = 4, 15
    for number in range(rounds):
        with shipping(*arguments):
            fill(spool, each, first=number * each + 1)
            time.sleep(0.6)
            with receiver(home, http_port=port) as running:
                time.sleep(1.2 + 0.1 * number)
                running.kill()
    with receiver(home, http_port=port) as running:
        assert ship(*arguments, "--once").returncode == 0
    arrived = sequences(home / "landing")
    assert sorted(set(arrived)) == list(range(1, rounds * each * 4 + 1))
    # As they are means once: the same bytes sent again are the same file.
    assert len(arrived) == len(set(arrived))


def test_a_sidecar_sends_what_comes_and_stops_in_order(tmp_path: Path) -> None:
    with receiver(tmp_path / "home") as running:
        with shipping(
            "--to", running.url, "--spool", str(tmp_path / "spool"), "--interval", "0.05"
        ) as process:
            time.sleep(0.5)
            fill(tmp_path / "spool", 2)
            deadline = time.monotonic() + 30
            while list((tmp_path / "spool").glob("*.jsonl")) and time.monotonic() < deadline:
                time.sleep(0.05)
            process.terminate()
            assert process.wait(30) == 0
        assert sequences(running.landing) == list(range(1, 9))


def test_a_segment_of_a_dead_process_is_sealed_and_sent(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 1)
    (sealed,) = (tmp_path / "spool").glob("*.jsonl")
    left_open = sealed.rename(sealed.with_name(sealed.name + ".open"))
    os.utime(left_open, (0, 0))
    with receiver(tmp_path / "home") as running:
        assert ship("--to", running.url, "--spool", str(tmp_path / "spool"), "--once").returncode == 0
        assert sequences(running.landing) == [1, 2, 3, 4]


def test_otlp_carries_every_span_to_any_endpoint(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 2, spans=700)
    with receiver(tmp_path / "home") as running:
        done = ship(
            "--to", f"{running.url}/v1/traces", "--spool", str(tmp_path / "spool"), "--once", "--otlp"
        )
        assert (done.returncode, done.stderr) == (0, "")
        arrived = [record for record in running.records() if record["kind"] == "span"]
    expected = {number: {**_span(number)} for number in range(1, 1401)}
    assert {record["sequence"]: record for record in arrived} == expected
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


def test_a_refused_segment_is_kept_and_the_next_one_is_sent(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    with stub((400, {}, b"no good"), (200, {}, b"{}")) as (url, asked):
        done = ship("--to", url, "--spool", str(tmp_path), "--once")
    assert (done.returncode, done.stdout, len(asked)) == (1, "1 segments sent, 1 refused, 0 left.\n", 2)
    assert "answered 400: no good" in done.stderr
    assert len(list((tmp_path / "refused").iterdir())) == 1


def test_spans_that_an_endpoint_rejects_are_kept(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    answer.partial_success.error_message = "too old"
    with stub((200, {}, answer.SerializeToString())) as (url, asked):
        done = ship("--to", url, "--spool", str(tmp_path), "--once", "--otlp")
    assert (done.returncode, asked) == (1, ["/v1/traces"])
    assert "2 of its spans were rejected: too old" in done.stderr
    assert len(list((tmp_path / "refused").iterdir())) == 1


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503, 302])
def test_what_may_pass_leaves_the_segment_in_the_spool(tmp_path: Path, status: int) -> None:
    fill(tmp_path, 2)
    answer = (status, {"retry-after": "7", "location": "/"}, b"")
    with stub(answer) as (url, asked), Spool(tmp_path) as spool, client(url, {}, None, 5) as connection:
        done = Shipper(spool, SegmentTarget(connection), lambda _words: None).once()
    assert (done.left, done.sent, len(asked)) == (2, 0, 1)
    assert done.after == (7 if status in {429, 500, 503} else None)


def test_a_tenant_that_is_not_admitted_yet_does_not_hold_up_the_others(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    with stub((403, {}, b""), (200, {}, b"{}")) as (url, _):
        done = ship("--to", url, "--spool", str(tmp_path), "--once", SPANLEDGER_SHIP_TOKEN="t")
    assert (done.returncode, done.stdout) == (1, "2 segments sent, 0 refused, 1 left.\n")


def test_retry_after_is_seconds_or_a_date_and_the_wait_keeps_to_it() -> None:
    assert retry_after("12") == 12
    assert retry_after(None) is None
    assert retry_after("soon") is None
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 25 < soon <= 30
    assert _wait(1, 40.0, 5.0) == 40.0
    assert 0.8 <= _wait(1, None, 5.0) <= 1.2
    assert 48 <= _wait(20, None, 5.0) <= 72
    assert _wait(0, None, 5.0) == 5.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "collect:4318"], "is no address"),
        (["--to", "http://x", "--header", "bad"], "is not NAME=VALUE"),
    ],
)
def test_wrong_options_are_said_in_words(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = ship(*arguments, "--spool", str(tmp_path), "--once")
    assert done.returncode == 2
    assert said in done.stderr


def test_the_segment_is_deleted_only_after_the_answer(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (segment,) = tmp_path.glob("*.jsonl")
    seen = []

    class Target:
        def send(self, name: str, content: bytes) -> None:
            seen.append((segment.exists(), content == segment.read_bytes()))
            raise errors.pop(0)

    errors = [TryLaterError("x"), NeverError("y")]
    with Spool(tmp_path) as spool:
        shipper = Shipper(spool, Target(), lambda _words: None)
        assert shipper.once().left == 1
        assert segment.exists()
        assert shipper.once().refused == 1
    assert seen == [(True, True), (True, True)]
    assert (tmp_path / "refused" / segment.name).exists()


scalars = st.text(max_size=6) | st.booleans() | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text("abc.", min_size=1, max_size=5), scalars | st.lists(scalars, max_size=3), max_size=5
    )
)
def test_a_record_through_otlp_is_the_same_record(attributes: dict[str, Any]) -> None:
    record = json.loads(text_of([_span(7) | ({"attributes": attributes} if attributes else {})]))
    (again,) = protobuf.records(request([record]))
    assert again == record
