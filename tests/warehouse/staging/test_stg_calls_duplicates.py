"""Which of several rows of one call counts: the same whatever the order, the batch or the days built together."""

import itertools
from datetime import datetime, timedelta

import pytest
from tests.warehouse.harness import run_model

START = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time


def at(days=0.0, **changed):
    """A span that ended some days after the start."""
    ended = START + timedelta(days=days)
    span = {
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


def dispositions(spans, days=None):
    """Disposition and copy of each span, in the order given; None for a span whose day was not built."""
    rows = [span | {"file_id": number, "line": number} for number, span in enumerate(spans, start=1)]
    usage = [
        {"file_id": row["file_id"], "line": row["line"], "day": row["day"], "input_tokens": 1} for row in rows
    ]
    given = {"raw.spans": rows, "staging.stg_usage": usage}
    built = run_model("staging.stg_calls", given, days=days or [row["day"] for row in rows])
    found = {row["line"]: (row["disposition_rule"] or row["disposition"], row["copy"]) for row in built}
    return [found.get(row["line"]) for row in rows]


def kept(spans, days=None):
    """Positions of the spans that are billed."""
    return [
        place for place, found in enumerate(dispositions(spans, days)) if found and found[0] == "billable"
    ]


def test_copies_of_one_call_count_once():
    assert dispositions([at(), at(), at()]) == [("billable", 0), ("same_call", 1), ("same_call", 2)]


def test_the_copy_with_the_better_usage_counts():
    assert kept([at(usage_status="missing"), at(usage_status="partial"), at()]) == [2]
    assert kept([at(scope="other"), at()]) == [1]


def test_a_copy_that_knows_its_tokens_beats_one_of_ours_that_does_not():
    ours = at(usage_status="missing")
    theirs = at(scope="other", usage_status=None, input_tokens_text="5", call_id="t-1", response_id="r")
    assert kept([ours | {"response_id": "r"}, theirs]) == [1]


def test_another_call_with_the_same_response_id_is_a_duplicate_within_35_days():
    answer = {"response_id": "r"}
    assert dispositions([at(**answer), at(35, call_id="p-2", **answer)]) == [
        ("billable", 0),
        ("same_response_id", 0),
    ]
    later = 35 + 1 / 86400
    assert kept([at(**answer), at(later, call_id="p-2", **answer)]) == [0, 1]


@pytest.mark.parametrize("response_id", [None, "", "  "])
def test_calls_without_a_response_id_are_never_the_same_answer(response_id):
    assert kept([at(response_id=response_id), at(call_id="p-2", response_id=response_id)]) == [0, 1]


def test_two_spans_of_one_call_on_different_days_count_once_whichever_day_is_built():
    spans = [at(0), at(0.9, usage_status="partial")]
    days = [span["day"] for span in spans]
    assert days[0] != days[1]
    assert kept(spans) == [0]
    assert kept(spans, days[:1]) == [0]
    assert kept(spans, days[1:]) == []


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
def test_the_days_built_together_do_not_change_what_counts(spans):
    whole = dispositions(spans)
    one_by_one = [dispositions(spans, [span["day"]])[place] for place, span in enumerate(spans)]
    assert [found and found[0] for found in one_by_one] == [found[0] for found in whole]
    assert "billable" in {found[0] for found in whole}


@pytest.mark.parametrize("spans", CHAINS.values(), ids=CHAINS)
def test_the_order_of_loading_does_not_change_what_counts(spans):
    expected = {tuple(sorted(span.items(), key=str)) for span in (spans[place] for place in kept(spans))}
    for shuffled in itertools.permutations(spans):
        found = {tuple(sorted(shuffled[place].items(), key=str)) for place in kept(list(shuffled))}
        assert found == expected
