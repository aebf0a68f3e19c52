"""Parts of a call: each its own row of stg_calls, on its own model, with its own tokens."""

from tests.warehouse.harness import DAY, pick, run_model
from tests.warehouse.records import NOON

SPAN = {
    "file_id": 1,
    "line": 1,
    "day": DAY,
    "call_id": "c1",
    "provider": "anthropic",
    "request_model": "claude-a",
    "response_model": "claude-a-1",
    "started_at": NOON.replace(tzinfo=None),
    "ended_at": NOON.replace(tzinfo=None),
    "content_hash": "h",
    "reported_cost_text": "0.5",
}


def usage(part: int, model: str | None, given: int, made: int) -> dict[str, object]:
    key = {"file_id": 1, "line": 1, "day": DAY, "part": part, "part_model": model}
    counts = {"input_tokens": given, "output_tokens": made, "input_quantity": given, "output_quantity": made}
    return key | counts


def test_every_part_is_a_row_on_its_own_model_and_the_call_is_counted_once():
    parts = [usage(0, None, 220, 8), usage(1, None, 55196, 125), usage(2, "claude-b", 30, 4)]
    rows = run_model("staging.stg_calls", {"raw.spans": [SPAN], "staging.stg_usage": parts})
    columns = ("part", "model_id", "total_tokens", "request_quantity", "disposition")
    assert pick(rows, *columns) == [
        (0, "claude-a-1", 228, 1, "billable"),
        (1, "claude-a-1", 55321, 0, "billable"),
        (2, "claude-b", 34, 0, "billable"),
    ]
    assert sum(row["total_tokens"] for row in rows) == 220 + 8 + 55196 + 125 + 30 + 4
    assert [row["reported_cost"] is None for row in rows] == [False, True, True]
