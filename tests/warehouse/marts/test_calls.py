"""One row a call with its usage, cost and origin; failures, the newest, and what has no price."""

from datetime import timedelta
from decimal import Decimal

from tests.warehouse.harness import DAY, pick, run_model
from tests.warehouse.marts.costs import NOON, row


def staged(call_id="c-1", **changed):
    return {
        "call_id": call_id,
        "part": 0,
        "copy": 0,
        "day": DAY,
        "disposition": "billable",
        "file_id": 1,
        "line": 4,
    } | changed


def calls(costs, stages):
    files = [{"file_id": 1, "path": "landing/a.jsonl"}]
    given = {"ledger.published_costs": costs, "staging.stg_calls": stages, "raw.files": files}
    return run_model("marts.calls", given)


def test_a_call_says_what_it_used_what_it_cost_and_where_it_came_from():
    found = calls(
        [row("c-1", price_ids="p1")], [staged(request_model="a-1", trace_id="t", request_metadata="{}")]
    )
    columns = (
        "call_id",
        "list_cost_usd",
        "uncached_input_tokens",
        "request_model",
        "source_file",
        "source_line",
    )
    assert pick(found, *columns) == [("c-1", Decimal("0.5"), 100, "a-1", "landing/a.jsonl", 4)]


def test_copies_that_do_not_count_are_no_calls():
    stages = [staged(), staged(disposition="duplicate", copy=1, line=9)]
    assert pick(calls([row()], stages), "call_id", "source_line") == [("c-1", 4)]


def test_the_parts_of_a_call_add_up_and_say_when_they_differ():
    parts = [
        row("c-1", "1"),
        row("c-1", "0.25", part=1),
        row("c-2", "1"),
        row("c-2", None, part=1, cost_status="unpriced"),
    ]
    found = calls(parts, [staged(), staged("c-2")])
    assert pick(found, "call_id", "list_cost_usd", "cost_status") == [
        ("c-1", Decimal("1.25"), "priced"),
        ("c-2", Decimal(1), "partially_priced"),
    ]


def test_a_call_without_a_known_cost_has_none():
    found = calls([row("c-1", None, cost_status="unpriced", unpriced_tokens=110)], [staged()])
    assert pick(found, "list_cost_usd", "cost_status", "unpriced_tokens") == [(None, "unpriced", 110)]


def test_failed_calls_are_the_calls_that_failed():
    given = [
        {"call_id": "a", "day": DAY, "success": True},
        {"call_id": "b", "day": DAY, "success": False, "error_type": "429", "contracted_cost_usd": "0.1"},
    ]
    found = run_model("marts.failed_calls", {"marts.calls": given})
    assert pick(found, "call_id", "error_type", "contracted_cost_usd") == [("b", "429", Decimal("0.1"))]


def test_recent_calls_are_the_last_thousand_of_each_tenant_newest_first():
    given = [
        {
            "call_id": f"a-{number:04}",
            "tenant_id": "a",
            "day": DAY,
            "billed_at": NOON - timedelta(seconds=number),
        }
        for number in range(1003)
    ]
    given += [
        {"call_id": "b-1", "tenant_id": "b", "day": DAY - timedelta(days=35), "billed_at": NOON},
        {"call_id": "b-2", "tenant_id": "b", "day": DAY - timedelta(days=36), "billed_at": NOON},
    ]
    found = run_model("marts.recent_calls", {"marts.calls": given})
    of_a = [found_row for found_row in found if found_row["tenant_id"] == "a"]
    assert pick(of_a, "call_id", "recency") == [(f"a-{number:04}", number + 1) for number in range(1000)]
    assert [found_row["call_id"] for found_row in found if found_row["tenant_id"] == "b"] == ["b-1"]


def unpriced(*costs):
    lines = [
        {
            "call_id": cost["call_id"],
            "part": 0,
            "day": DAY,
            "unit": unit,
            "quantity": quantity,
            "unit_price": price,
        }
        for cost in costs
        for unit, quantity, price in (("input", 100, "1"), ("reasoning", 7, None))
    ]
    return run_model("marts.unpriced_usage", {"ledger.derived_lines": lines, "ledger.call_costs": costs})


def test_unpriced_usage_names_model_unit_and_reason():
    found = unpriced(
        row("c-1", matched_by="exact", card_id="k"),
        row("c-2", matched_by="exact", card_id="k"),
        row("c-3", matched_by="none", model="a-9"),
        row("c-4", matched_by="alias", model="a-2"),
    )
    columns = ("model", "unit", "reason", "calls", "quantity", "example_call_id")
    assert pick(found, *columns) == [
        ("a-1", "reasoning", "no_unit", 2, 14, "c-1"),
        ("a-2", "reasoning", "no_context", 1, 7, "c-4"),
        ("a-9", "reasoning", "no_model", 1, 7, "c-3"),
    ]


def test_what_is_priced_is_no_unpriced_usage():
    lines = [{"call_id": "c-1", "part": 0, "day": DAY, "unit": "input", "quantity": 1, "unit_price": "0"}]
    assert (
        run_model("marts.unpriced_usage", {"ledger.derived_lines": lines, "ledger.call_costs": [row()]}) == []
    )


def test_data_quality_is_what_the_last_run_found():
    started = {"old": NOON - timedelta(hours=1), "new": NOON}
    runs = [{"run_id": name, "started_at": at} for name, at in started.items()]
    found = [
        {"run_id": "old", "check_name": "a", "violations": 3},
        {"run_id": "new", "check_name": "b", "violations": 0},
        {"run_id": "new", "check_name": "c", "violations": 2},
    ]
    rows = run_model("marts.data_quality", {"ops.check_results": found, "ops.runs": runs})
    assert pick(rows, "check_name", "violations", "run_id") == [("c", 2, "new")]


def test_the_price_audit_is_that_of_the_seeds():
    trail = [{"price_id": "p", "action": "create", "summary": "acme a-1 input: 3"}]
    assert pick(run_model("marts.price_audit", {"pricing.price_audit": trail}), "price_id", "action") == [
        ("p", "create")
    ]
