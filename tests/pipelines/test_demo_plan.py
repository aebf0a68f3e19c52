"""The demo's plan: the same days everywhere, with everything in them that the demo is there to show."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta

from spanledger_pipelines.demo.call_sites import CALL_SITES
from spanledger_pipelines.demo.plan import (
    DAYS,
    EVE_OF_PRICE_CHANGE,
    FIRST_DAY,
    UNPRICED_MODEL,
    calls_of,
    days,
)
from spanledger_pipelines.demo.work_order import WorkOrder

ALL = [call for day in days(DAYS) for call in calls_of(day)]


def test_the_plan_has_about_two_hundred_calls_of_three_tenants_and_six_operations() -> None:
    assert len(ALL) == 200
    assert {call.tenant for call in ALL} == {"acme", "globex", "initech"}
    assert len({call.operation for call in ALL}) == 6
    assert {call.call_site for call in ALL} == set(CALL_SITES)


def test_a_day_is_a_pure_function_of_its_date() -> None:
    assert calls_of(FIRST_DAY) == calls_of(FIRST_DAY)
    # A literal, so that a change of the plan is a change that someone meant.
    assert calls_of(FIRST_DAY)[0].order == WorkOrder(
        call="2026-08-19/001", input=1476, output=819, cache_read=11935
    )


def test_the_rare_things_happen_once_or_twice() -> None:
    assert Counter(call.order.fault for call in ALL if call.order.fault) == {
        "rate_limit": 1,
        "server_error": 1,
    }
    assert sum(call.model == UNPRICED_MODEL for call in ALL) == 2
    assert sum(call.order.prompt_tokens > 200_000 for call in ALL) == 1
    assert sum(call.call_site == "openai_stream_without_usage" for call in ALL) == 2


def test_one_call_starts_in_the_last_microsecond_before_a_price_change() -> None:
    late = [call for call in ALL if call.started_at.time() == time.max]
    assert [(call.model, call.started_at.date()) for call in late] == [("gpt-5.6-sol", EVE_OF_PRICE_CHANGE)]


def test_later_days_end_well_within_themselves() -> None:
    for day in days(10, first=FIRST_DAY + timedelta(days=2)):
        assert all(call.started_at < datetime.combine(day, time(23), UTC) for call in calls_of(day))


def test_metadata_is_what_the_operation_has() -> None:
    metadata = {call.operation: set(call.metadata) for call in ALL}
    assert metadata["analyze_edge_case"] == {"edge_case_id", "category", "language"}
    assert metadata["match_pattern"] == {"pattern_count", "pattern_names"}


def test_a_work_order_survives_its_way_through_a_prompt() -> None:
    for call in ALL:
        assert WorkOrder.from_prompt(call.prompt) == call.order


def test_a_prompt_without_a_work_order_still_gets_an_answer() -> None:
    order = WorkOrder.from_prompt("What is the capital of France?")
    assert order == WorkOrder.from_prompt("What is the capital of France?")
    assert order.input > 0
    assert order.output > 0
