"""What each check finds, and what it leaves alone, over given rows."""

from datetime import datetime, timedelta

import pytest
from tests.warehouse.harness import DAY, _empty_warehouse, give

from spanledger_warehouse.checks import discover

NOW = datetime(2026, 3, 10, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
OLD = DAY - timedelta(days=35)
COSTS = {"marts.daily_costs": [{"tenant_id": "acme-corp", "day": DAY, "calls": 1}]}
FILE = {"file_id": 1, "path": "landing/a.jsonl", "loaded_at": NOW, "segments": 1}


def found(name, **given):
    """Violations of a check and its first example, over rows of tables whose dot is written as two underscores."""
    connection = _empty_warehouse()
    tables = COSTS | {table.replace("__", "."): rows for table, rows in given.items()}
    try:
        for table, rows in tables.items():
            give(connection, table, rows)
        return connection.execute(
            f"select cast(coalesce(sum(weight), 0) as bigint), min(example) from ({discover()[name].sql})"
        ).fetchone()
    finally:
        for table in tables:
            give(connection, table, ())


def sent(sequence, **changed):
    return {"file_id": 1, "line": sequence, "day": DAY, "process": "p", "sequence": sequence} | changed


def sealed(**changed):
    return {
        "process": "p",
        "service": "desk",
        "span_count": 0,
        "issued": 0,
        "closed": False,
        "sealed_at": NOW,
    } | changed


@pytest.mark.parametrize("name", discover())
def test_a_check_of_nothing_finds_nothing(name):
    assert found(name) == (0, None)


def test_refused_lines_are_news_for_seven_days():
    reject = {"file_id": 1, "path": "a.jsonl", "line": 4, "reason": "not_json", "loaded_at": NOW}
    week = {**reject, "line": 5, "loaded_at": NOW - timedelta(days=7)}
    assert found("rejected_lines", raw__rejects=[reject, week], raw__files=[FILE]) == (
        1,
        "a.jsonl:4: not_json: ",
    )
    inside = {**week, "loaded_at": NOW - timedelta(days=7) + timedelta(microseconds=1)}
    assert found("rejected_lines", raw__rejects=[reject, inside], raw__files=[FILE])[0] == 2


LOSSES = {
    "none": ([sent(1), sent(2)], [sealed(closed=True, issued=2)], 0),
    "a gap": ([sent(1), sent(3)], [], 1),
    "the end, said by the trailer": ([sent(1)], [sealed(closed=True, issued=3)], 2),
    "an open process has not said its last": ([sent(1)], [sealed(issued=3)], 0),
    "copies are one": ([sent(1), sent(1, line=9), sent(3)], [], 1),
    "the beginning": ([sent(2)], [], 1),
    "what is older than 35 days is not looked at": ([sent(5, day=DAY - timedelta(days=36)), sent(7)], [], 6),
    "a process from before the window": ([sent(5, day=OLD), sent(6), sent(7)], [], 0),
    "a long silence before the end": ([], [sealed(closed=True, issued=9, span_count=9)], 0),
    "nothing arrived at all": ([], [sealed(closed=True, issued=9, span_count=0)], 9),
}


@pytest.mark.parametrize(("spans", "segments", "lost"), LOSSES.values(), ids=LOSSES)
def test_lost_spans_are_counted(spans, segments, lost):
    other = sent(1, process="other", day=DAY)
    assert found("lost_spans", raw__spans=[*spans, other], raw__segments=segments)[0] == lost


def test_the_share_of_calls_without_a_tenant_is_said():
    rows = [
        {"tenant_id": "acme-corp", "day": DAY, "service": "desk", "operation": "answer", "calls": 7},
        {"tenant_id": "unattributed", "day": DAY, "service": "desk", "operation": "ask", "calls": 3},
        {"tenant_id": "unattributed", "day": OLD, "service": "desk", "operation": "ask", "calls": 90},
    ]
    assert found("unattributed_calls", marts__costs_by_operation=rows) == (
        3,
        "operation ask of desk: 3 of all 10 calls, unknown USD",
    )


SOURCES = {
    "delivered": (sealed(sealed_at=NOW - timedelta(days=1)), 0),
    "late": (sealed(sealed_at=NOW - timedelta(days=1, microseconds=1)), 1),
    "ended": (sealed(sealed_at=NOW - timedelta(days=9), closed=True), 0),
}


@pytest.mark.parametrize(("segment", "late"), SOURCES.values(), ids=SOURCES)
def test_a_source_that_went_silent_without_an_end_is_late_after_a_day(segment, late):
    assert found("late_sources", raw__segments=[segment], raw__files=[FILE])[0] == late


def test_default_prices_newer_records_and_unread_usage_are_told_of_the_last_35_days():
    model = {"provider": "acme", "model": "a-9", "default_priced_calls": 2}
    rows = [{**model, "day": DAY}, {**model, "day": OLD}]
    assert found("default_prices", marts__costs_by_model=rows) == (2, "acme a-9: 2 calls")
    spans = [sent(1, format_version=2), sent(2, format_version=1), sent(3, format_version=2, day=OLD)]
    assert found("newer_records", raw__spans=spans, raw__files=[FILE]) == (
        1,
        "landing/a.jsonl: version 2, 1 spans",
    )
    span = sent(4, usage_family="acme_chat", provider="acme", usage_raw='{"toks": 3}')
    call = {"file_id": 1, "line": 4, "part": 0, "day": DAY, "disposition": "billable", "success": True}
    unread = {"raw__spans": [span], "raw__files": [FILE]}
    assert found("unread_usage", staging__stg_calls=[{**call, "usage_status": "missing"}], **unread) == (
        1,
        "landing/a.jsonl:4: acme_chat of acme",
    )
    assert found("unread_usage", staging__stg_calls=[{**call, "usage_status": "complete"}], **unread)[0] == 0


def line(cost, **changed):
    return {
        "tenant_id": "acme-corp",
        "day": DAY,
        "list_cost_usd": cost,
        "contracted_cost_usd": cost,
    } | changed


def test_lines_that_do_not_sum_to_what_is_published_or_known_are_found():
    dirty = [{"day": DAY, "cause": "spans", "run_id": "r"}]
    given = {"ops__dirty_days": dirty, "marts__daily_costs": [line("1")], "ledger__call_costs": [line("1.5")]}
    frozen, late = line("1"), line("0.5", charge_class="Correction")
    assert found("cost_lines_add_up", ledger__cost_lines=[frozen, late], **given) == (0, None)
    assert found("cost_lines_add_up", ledger__cost_lines=[frozen], **given)[0] == 1
    assert found("cost_lines_add_up", ledger__cost_lines=[late], **given)[0] == 2
    assert found("cost_lines_add_up", **given)[0] == 2


def test_business_days_that_do_not_sum_to_their_calls_are_found():
    dirty = [{"day": DAY, "cause": "spans", "run_id": "r"}]
    next_day = DAY + timedelta(days=1)
    mart = {"tenant_id": "acme-corp", "business_day": next_day, "calls": 1, "list_cost_usd": "1"}
    marts = [
        "marts__daily_costs_by_business_day",
        "marts__costs_by_model_by_business_day",
        "marts__costs_by_operation_by_business_day",
    ]
    given = {
        "ops__dirty_days": dirty,
        "marts__calls": [line("1", business_day=next_day, contracted_cost_usd=None)],
    }
    assert found("business_days_add_up", **{key: [mart] for key in marts}, **given) == (0, None)
    for broken in marts:
        tables = {key: [mart] for key in marts} | {broken: [{**mart, "list_cost_usd": "1.000000000001"}]}
        assert found("business_days_add_up", **tables, **given)[0] == 1
        assert found("business_days_add_up", **(tables | {broken: []}), **given)[0] == 1
