"""Files: each one's bytes once, under any name; changed bytes are told; live writers are left alone; all or nothing."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta

import duckdb
import pytest
from tests.warehouse.records import NOON, chat, span, text_of, trailer

from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.landing import loading
from spanledger_warehouse.landing.loading import has_new_files

OLD = time.time() - 3600


def test_a_load_counts_every_line_once_and_the_next_finds_nothing(zone):
    zone.land("a.jsonl", [span(1), "broken", "", trailer([1])])

    first, second = zone.load(), zone.load()

    assert (first.files, first.spans, first.segments, first.rejected) == (1, 1, 1, 1)
    assert (second.files, second.spans, second.rejected, second.problems) == (0, 0, 0, [])
    assert zone.rows("raw.files", "lines", "spans", "segments", "rejected", "blank") == [(4, 1, 1, 1, 1)]


def test_the_same_bytes_under_another_name_load_nothing(zone):
    zone.land("a.jsonl", [span(1)])
    zone.load()
    zone.land("sub/b.jsonl", [span(1)])

    again = zone.load()

    assert (again.files, again.known_files, again.spans) == (0, 1, 0)
    assert zone.count("raw.spans") == 1
    assert not has_new_files(zone.connection, zone.home)


def test_a_file_touched_without_a_change_loads_nothing(zone):
    path = zone.land("a.jsonl", [span(1)])
    zone.load()
    os.utime(path, (OLD, OLD))
    assert has_new_files(zone.connection, zone.home)
    assert zone.load().known_files == 1
    assert not has_new_files(zone.connection, zone.home)


def test_changed_bytes_under_a_known_name_are_loaded_and_told(zone):
    path = zone.land("a.jsonl", [span(1)])
    zone.load()
    zone.land("a.jsonl", [span(1), span(2)])

    again = zone.load()

    assert (again.files, again.changed_files, again.spans) == (1, 1, 2)
    assert again.problems[0].startswith(f"{path}: its bytes changed since it was loaded")
    assert zone.rows("raw.spans", "sequence") == [(1,), (1,), (2,)]


def test_an_empty_file_is_loaded_and_done(zone):
    zone.land_bytes("a.jsonl", b"")
    assert zone.load().files == 1
    assert zone.rows("raw.files", "bytes", "lines", "spans") == [(0, 0, 0)]
    assert not has_new_files(zone.connection, zone.home)


def test_a_last_line_without_a_newline_counts(zone):
    zone.land_bytes("a.jsonl", json.dumps(span(1)).encode())
    zone.load()
    assert zone.rows("raw.files", "lines", "spans") == [(1, 1)]


def test_files_of_spool_and_landing_zone_are_loaded_in_the_order_of_their_names(zone):
    zone.land("b.jsonl", [span(2)])
    zone.land("a.jsonl", [span(1)])
    zone.land("notes.txt", ["not ours"])
    zone.home.spool.mkdir()
    (zone.home.spool / "c.jsonl").write_text(text_of([span(3)]))
    zone.load()
    assert zone.rows("raw.spans", "sequence") == [(3,), (1,), (2,)]


def test_names_with_quotes_and_wildcards_are_only_names(zone):
    for number, name in enumerate(
        ["it's.jsonl", "a*b.jsonl", "a[1].jsonl", "ä ö.jsonl", "a\\b.jsonl"], start=1
    ):
        zone.land(name, [span(number)])
    assert zone.load().spans == 5


def test_a_file_with_a_wildcard_in_its_name_does_not_read_its_neighbours(zone):
    zone.land("a*.jsonl", [span(1)])
    zone.land("ab.jsonl", [span(2)])
    zone.load()
    assert zone.rows("raw.files", "lines", "spans") == [(1, 1), (1, 1)]
    assert zone.rows("raw.spans", "sequence") == [(1,), (2,)]


def test_a_failure_in_the_middle_leaves_nothing_of_the_batch(zone, monkeypatch):
    zone.land("a.jsonl", [span(1)])
    gone = zone.land("b.jsonl", [span(2)])
    with pytest.raises(LandingError, match=r"b\.jsonl cannot be read"):
        loading.load(
            zone.connection,
            zone.home,
            run_id="run",
            now=NOON.replace(tzinfo=None),
            on_file=lambda path: gone.unlink() if path == gone else None,
        )
    assert all(
        zone.count(table) == 0 for table in ("raw.files", "raw.spans", "ops.seen_paths", "ops.dirty_days")
    )
    assert zone.load().spans == 1


def test_files_of_an_earlier_batch_stay_when_a_later_one_fails(zone, monkeypatch):
    monkeypatch.setattr(loading, "BATCH_BYTES", 1)
    zone.land("a.jsonl", [span(1)])
    gone = zone.land("b.jsonl", [span(2)])
    with pytest.raises(LandingError):
        loading.load(
            zone.connection,
            zone.home,
            run_id="run",
            now=NOON.replace(tzinfo=None),
            on_file=lambda path: gone.unlink() if path == gone else None,
        )
    assert zone.rows("raw.spans", "sequence") == [(1,)]


def test_a_load_marks_the_days_of_its_spans_and_of_their_older_copies(zone):
    zone.land("a.jsonl", [span(1, ended=NOON), span(2, ended=NOON - timedelta(days=3))])
    zone.load("first")
    zone.connection.execute("delete from ops.dirty_days")
    same_answer = span(7, ended=NOON + timedelta(days=20), response_id=span(2)["response_id"])
    zone.land("b.jsonl", [same_answer])
    zone.load("second")
    marked = zone.connection.execute(
        "select cast(day as varchar), cause, run_id from ops.dirty_days order by 1"
    )
    assert marked.fetchall() == [("2026-03-07", "spans", "second"), ("2026-03-30", "spans", "second")]


def test_the_abandoned_file_of_a_dead_writer_is_sealed_and_loaded_to_its_last_whole_line(zone):
    path = zone.land_bytes(
        "p-000001.jsonl.open", text_of([span(1, usage=chat(3, 1))]).encode() + b'{"v":1,"ki'
    )
    os.utime(path, (OLD, OLD))

    zone.load()

    assert [file.name for file in zone.home.landing.iterdir()] == ["p-000001.jsonl"]
    assert zone.rows("raw.spans", "line") == [(1,)]
    assert zone.rejects() == [(2, "not_json")]


def test_an_open_file_younger_than_the_grace_is_left_alone(zone):
    zone.land_bytes("p-000001.jsonl.open", text_of([span(1)]).encode())
    assert zone.load().files == 0


WRITER = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_the_open_file_of_a_live_writer_is_left_alone_until_it_dies(zone):
    path = zone.land("p-000001.jsonl.open", [span(1)])
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "locked\n"
        os.utime(path, (OLD, OLD))
        assert zone.load().files == 0
        assert path.exists()
    finally:
        writer.kill()
        writer.communicate()
    assert zone.load().spans == 1


def test_a_file_that_is_still_being_written_as_a_known_name_counts_its_calls_once(zone):
    zone.land("a.jsonl", [span(1)])
    zone.load()
    zone.land("a.jsonl", [span(1), span(2)])
    zone.load()
    calls = zone.connection.execute("select count(distinct call_id) from raw.spans").fetchone()
    assert calls == (2,)


def test_a_refused_line_waits_in_quarantine_and_loads_after_it_was_mended(zone):
    broken = json.dumps(span(1) | {"v": 2})
    zone.land("a.jsonl", [broken, span(2)])
    zone.load()
    [(waiting,)] = zone.rows("raw.rejects", "quarantine_path")
    mended = (zone.home.quarantine / waiting).read_text().replace('"v": 2', '"v": 1')
    zone.land("mended.jsonl", [mended.strip()])
    zone.load()
    assert sorted(zone.rows("raw.spans", "sequence")) == [(1,), (2,)]


def test_a_quarantine_that_cannot_be_written_leaves_the_file_for_the_next_load(zone):
    zone.land("a.jsonl", ["broken"])
    zone.home.quarantine.write_text("in the way")
    with pytest.raises(OSError, match="quarantine"):
        zone.load()
    assert zone.count("raw.files") == 0
    zone.home.quarantine.unlink()
    assert zone.load().rejected == 1


def test_a_missing_landing_zone_is_no_failure(zone):
    zone.home.landing.rmdir()
    assert zone.load().files == 0


def test_the_connection_is_usable_after_a_failed_load(zone):
    zone.land("a.jsonl", ["broken"])
    zone.home.quarantine.write_text("in the way")
    with pytest.raises(OSError, match="quarantine"):
        zone.load()
    assert zone.connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(duckdb.TransactionException):
        zone.connection.execute("commit")
