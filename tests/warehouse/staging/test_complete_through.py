"""Up to when every known source has delivered."""

from datetime import datetime, timedelta

from tests.warehouse.harness import run_model

NOON = datetime(2026, 3, 10, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time


def sealed(process, hours, *, closed=False):
    return {
        "process": process,
        "sealed_at": NOON + timedelta(hours=hours),
        "closed": closed,
        "file_id": 1,
        "line": 1,
    }


def complete(segments=(), spans=(), files=()):
    given = {"raw.segments": segments, "raw.spans": spans, "raw.files": files}
    [row] = run_model("staging.complete_through", given)
    return row["complete_through"], row["open_processes"]


CALLS = [
    {"process": "p", "ended_at": NOON, "file_id": 1},
    {"process": "q", "ended_at": NOON + timedelta(hours=3), "file_id": 1},
]
FILES = [{"file_id": 1, "segments": 1}]


def test_before_the_first_call_nothing_is_known():
    assert complete() == (None, 0)


def test_an_open_process_has_delivered_up_to_its_last_sealed_file():
    segments = [sealed("p", 1), sealed("p", 2), sealed("q", 4), sealed("r", 0, closed=True)]
    assert complete(segments, CALLS, FILES) == (NOON + timedelta(hours=2), 2)


def test_when_every_process_closed_all_is_there_to_the_last_call():
    segments = [sealed("p", 1), sealed("p", 2, closed=True)]
    assert complete(segments, CALLS, FILES) == (NOON + timedelta(hours=3), 0)


def test_a_process_that_died_holds_nothing_up():
    assert complete([sealed("p", 1)], CALLS, [{"file_id": 1, "segments": 0}]) == (
        NOON + timedelta(hours=3),
        0,
    )
