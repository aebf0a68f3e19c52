"""Which of several rows of one call counts: the same whatever the order, the batch or the days built together."""

import itertools
from datetime import datetime, timedelta

import duckdb
import pytest
from tests.warehouse.harness import give, rows_of

from spanledger_warehouse.build import build, create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.landing.linking import link
from spanledger_warehouse.models import discover

START = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
MODELS = (
    "staging.stg_foreign_spans",
    "staging.all_foreign_spans",
    "staging.stg_roll_ups",
    "staging.all_roll_ups",
    "staging.stg_duplicates",
)


def at(days=0.0, **changed):
    """A span that ended some days after the start."""
    ended = START + timedelta(days=days)
    process, sequence = changed.get("call_id", "p-1").split("-")
    ours = changed.get("scope", "spanledger") == "spanledger"
    identity = (
        {"process": process, "sequence": int(sequence)}
        if ours
        else {"trace_id": process, "span_id": sequence}
    )
    span = identity | {
        "scope": "spanledger",
        "call_id": "p-1",
        "ended_at": ended,
        "started_at": ended,
        "day": ended.date(),
        "provider": "acme",
        "request_model": "a-1",
        "usage_status": "complete",
        "content_hash": "same",
    }
    return span | changed


@pytest.fixture(scope="module", autouse=True)
def warehouse():
    """An empty warehouse for the tests of this module."""
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection)
        create_loaded(connection)
        for model in MODELS:
            build(connection, discover()[model], [START.date()])
        yield connection


def dispositions(connection, spans, days=None):
    """Disposition and copy of each span, in the order given; None for a span whose day was not built."""
    for table in ("staging.links", "staging.identity_days", *(name for name in MODELS if "stg_" in name)):
        connection.execute(f"delete from {table}")
    rows = [span | {"file_id": number, "line": number} for number, span in enumerate(spans, start=1)]
    give(connection, "raw.spans", rows)
    link(connection, run_id="run")
    days = days or [row["day"] for row in rows]
    for model in MODELS if any(row["scope"] != "spanledger" for row in rows) else MODELS[-1:]:
        build(connection, discover()[model], days)
    found = {
        row["line"]: ("same_call", row["copy"]) if row["copy"] else ("same_response_id", 0)
        for row in rows_of(connection, discover()["staging.stg_duplicates"])
    }
    return [found.get(row["line"], ("billable", 0)) if row["day"] in days else None for row in rows]


def kept(warehouse, spans, days=None):
    """Positions of the spans that are billed."""
    return [
        place
        for place, found in enumerate(dispositions(warehouse, spans, days))
        if found and found[0] == "billable"
    ]


def test_copies_of_one_call_count_once(warehouse):
    assert dispositions(warehouse, [at(), at(), at()]) == [
        ("billable", 0),
        ("same_call", 1),
        ("same_call", 2),
    ]


def test_the_copy_with_the_better_usage_counts(warehouse):
    assert kept(warehouse, [at(usage_status="missing"), at(usage_status="partial"), at()]) == [2]
    assert kept(warehouse, [at(scope="other"), at()]) == [1]


def test_a_copy_that_knows_its_tokens_beats_one_of_ours_that_does_not(warehouse):
    ours = at(usage_status="missing")
    theirs = at(scope="other", usage_status=None, input_tokens_text="5", call_id="t-1", response_id="r")
    assert kept(warehouse, [ours | {"response_id": "r"}, theirs]) == [1]


def test_another_call_with_the_same_response_id_is_a_duplicate_within_35_days(warehouse):
    answer = {"response_id": "r"}
    assert dispositions(warehouse, [at(**answer), at(35, call_id="p-2", **answer)]) == [
        ("billable", 0),
        ("same_response_id", 0),
    ]
    later = 35 + 1 / 86400
    assert kept(warehouse, [at(**answer), at(later, call_id="p-2", **answer)]) == [0, 1]


@pytest.mark.parametrize("response_id", [None, "", "  "])
def test_calls_without_a_response_id_are_never_the_same_answer(warehouse, response_id):
    assert kept(warehouse, [at(response_id=response_id), at(call_id="p-2", response_id=response_id)]) == [
        0,
        1,
    ]


def test_two_spans_of_one_call_on_different_days_count_once_whichever_day_is_built(warehouse):
    spans = [at(0), at(0.9, usage_status="partial")]
    days = [span["day"] for span in spans]
    assert days[0] != days[1]
    assert kept(warehouse, spans) == [0]
    assert kept(warehouse, spans, days[:1]) == [0]
    assert kept(warehouse, spans, days[1:]) == []


CHAINS = {
    "one answer three times, thirty days apart": [
        at(30 * place, call_id=f"p-{place}", response_id="r") for place in range(3)
    ],
    "one call three times, thirty days apart": [at(30 * place) for place in range(3)],
    "copies around a repeat": [
        at(0, response_id="r", content_hash="z"),
        at(0.001, response_id="r", content_hash="a"),
        at(0.0005, response_id="r", call_id="p-2"),
    ],
    "a copy without the response id": [
        at(0),
        at(0, usage_status="missing", response_id="r"),
        at(0, usage_status="partial", response_id="r", call_id="p-2"),
    ],
}


@pytest.mark.parametrize("spans", CHAINS.values(), ids=CHAINS)
def test_the_days_built_together_do_not_change_what_counts(warehouse, spans):
    whole = dispositions(warehouse, spans)
    one_by_one = [dispositions(warehouse, spans, [span["day"]])[place] for place, span in enumerate(spans)]
    assert [found and found[0] for found in one_by_one] == [found[0] for found in whole]
    assert "billable" in {found[0] for found in whole}


@pytest.mark.parametrize("spans", CHAINS.values(), ids=CHAINS)
def test_the_order_of_loading_does_not_change_what_counts(warehouse, spans):
    expected = {
        tuple(sorted(span.items(), key=str)) for span in (spans[place] for place in kept(warehouse, spans))
    }
    for shuffled in itertools.permutations(spans):
        found = {tuple(sorted(shuffled[place].items(), key=str)) for place in kept(warehouse, list(shuffled))}
        assert found == expected


@pytest.mark.parametrize("days", [35.1, 400])
@pytest.mark.parametrize("others", [{}, {"scope": "other", "call_id": "trace-span"}])
def test_a_copy_of_a_call_is_a_copy_however_far_away(warehouse, days, others):
    spans = [at(0, **others), at(days, **others), at(days, content_hash="z", **others)]
    assert dispositions(warehouse, spans) == [("billable", 0), ("same_call", 1), ("same_call", 2)]
    assert dispositions(warehouse, spans, [spans[0]["day"]]) == [("billable", 0), None, None]
    assert dispositions(warehouse, spans, [spans[1]["day"]]) == [None, ("same_call", 1), ("same_call", 2)]


def test_numbers_that_a_process_gave_out_once_are_no_copies(warehouse):
    spans = [at(place, call_id=f"p-{number}") for place, number in [(0, 1), (0, 5), (50, 3), (90, 4)]]
    assert kept(warehouse, spans) == [0, 1, 2, 3]


def said(given, answered, **changed):
    return {
        "input_tokens_text": str(given),
        "output_tokens_text": str(answered),
        "response_id": "r",
    } | changed


def test_a_server_that_gives_every_answer_the_same_id_does_not_merge_calls(warehouse):
    spans = [at(place, call_id=f"p-{place}", **said(10 + place, 2)) for place in range(1, 6)]
    alike = at(7, call_id="p-7", **said(11, 2))
    unknown = at(8, call_id="p-8", usage_status="missing", response_id="r")
    assert kept(warehouse, [*spans, alike, unknown]) == [0, 1, 2, 3, 4, 5, 6]


def test_an_answer_that_comes_again_word_for_word_is_the_same_answer(warehouse):
    spans = [at(place, call_id=f"p-{place}", **said(10, 2)) for place in range(1, 4)]
    assert kept(warehouse, spans) == [0]


def test_an_answer_that_is_fetched_later_is_the_answer_of_the_call_that_did_not_know_its_usage(warehouse):
    asked = at(0, call_id="p-1", usage_status="missing", response_id="r")
    fetched = at(1, call_id="p-2", **said(10, 2))
    assert kept(warehouse, [asked, fetched]) == [1]


def test_two_instrumentations_may_count_one_answer_differently(warehouse):
    ours = at(0, call_id="p-1", **said(10, 5))
    theirs = at(0, call_id="t-1", scope="other", usage_status=None, **said(10, 2))
    assert kept(warehouse, [theirs, ours]) == [1]
