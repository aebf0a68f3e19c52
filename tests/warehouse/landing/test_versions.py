"""Loader and SDK of different releases: what is missing is unknown, what is new is kept, what cannot be read waits."""

import json
from pathlib import Path

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.seeds import price, seed_texts

GOLDEN = Path(__file__).parent / "golden"
SEEDS = seed_texts(price("input", "1"), price("output", "2"))


def run(ledger: Ledger, name: str) -> None:
    """Land a file of that release and run."""
    ledger.texts = SEEDS
    ledger.land("records.jsonl", (GOLDEN / name).read_text().splitlines())
    ledger.run()


def test_records_of_an_older_sdk_lack_what_it_did_not_know(ledger: Ledger) -> None:
    run(ledger, "sdk_older.jsonl")
    [file] = ledger.rows("select spans, losses, segments, rejected from raw.files")
    assert file == {"spans": 2, "losses": 1, "segments": 1, "rejected": 0}
    rows = ledger.published_rows(
        "select provider, model, input_tokens, output_tokens, cost_status, list_cost_usd from marts.calls order by 1"
    )
    assert [(row["provider"], row["input_tokens"], row["output_tokens"]) for row in rows] == [("acme", 10, 4)]
    [bare] = ledger.rows("select tenant, usage_status, extra from raw.spans where sequence = 1")
    assert bare == {"tenant": None, "usage_status": None, "extra": None}


def test_what_a_newer_sdk_added_is_kept_and_what_it_changed_waits_in_quarantine(ledger: Ledger) -> None:
    run(ledger, "sdk_newer.jsonl")
    [file] = ledger.rows("select spans, segments, rejected from raw.files")
    assert file == {"spans": 2, "segments": 1, "rejected": 2}
    rejects = ledger.rows("select line, reason, quarantine_path from raw.rejects order by line")
    assert [(row["line"], row["reason"]) for row in rejects] == [
        (4, "unknown_kind"),
        (5, "unsupported_version"),
    ]
    waiting = Path(rejects[0]["quarantine_path"]).read_text().splitlines()
    assert waiting == (GOLDEN / "sdk_newer.jsonl").read_text().splitlines()[3:]

    [first, _] = ledger.rows("select extra, attributes, usage_raw from raw.spans order by sequence")
    assert json.loads(first["extra"]) == {"shiny": {"deep": [1, "x"]}}
    assert json.loads(first["attributes"]) == {"spanledger.fresh": 1}
    assert json.loads(first["usage_raw"])["fresh_details"] == {"tokens": 3}
    rows = ledger.rows("select total_tokens, usage_status from staging.stg_calls order by sequence")
    # A family that this release does not know is read from the standard attributes.
    assert rows == [
        {"total_tokens": 14, "usage_status": "complete"},
        {"total_tokens": 10, "usage_status": "complete"},
    ]


@pytest.mark.parametrize("days", [36, 400])
def test_a_copy_of_a_call_long_after_it_is_billed_once_and_the_run_is_published(
    ledger: Ledger, days: int
) -> None:
    ledger.texts = SEEDS
    first = json.loads((GOLDEN / "sdk_older.jsonl").read_text().splitlines()[1])
    later = {key: value + days * 86_400 * 10**9 for key, value in first.items() if key.endswith("unix_nano")}
    ledger.land("both.jsonl", [first, first | later])
    ledger.run()
    assert ledger.published_rows("select count(*)::int as calls from marts.calls") == [{"calls": 1}]
    ledger.land("again.jsonl", [first | later | {"environment": "changed"}])
    ledger.run()
    assert ledger.published_rows("select count(*)::int as calls from marts.calls") == [{"calls": 1}]
