"""Reviewed rules give calls to another tenant for a time; who the call named stays visible, and no cent moves away."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.warehouse.harness import pick
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts, tenant

from spanledger_warehouse.seeds.errors import SeedError

SCOPE = "tenant,service,operation,metadata_key,metadata_value"
HEADER = f"attribution,effective_from,effective_to,{SCOPE},target_tenant,reason"


def rules(*lines, **files):
    texts = seed_texts(price("input", "3"), price("output", "15"), **files)
    return {**texts, "attribution.csv": "\n".join([HEADER, *lines, ""])}


def calls(ledger):
    found = ledger.published_rows("select * from marts.calls order by ended_at, sequence")
    return pick(found, "sequence", "tenant_id", "sent_tenant_id", "attribution")


@pytest.fixture
def three(ledger):
    """Calls of the service desk: one without a tenant, one with metadata, one of another operation a day later."""
    metadata = json.dumps({"customer/id": "c-7"})
    ledger.land(
        "a.jsonl",
        [
            span(1, usage=chat(100, 10), tenant=None),
            span(2, usage=chat(100, 10), metadata=metadata),
            span(3, usage=chat(100, 10), ended=NOON + timedelta(days=1), operation="match"),
        ],
    )
    return ledger


def test_rules_ask_for_tenant_service_operation_and_metadata_and_the_one_that_asks_for_most_wins(three):
    three.texts = rules(
        "desk,2026-01-01T00:00:00Z,,,desk,,,,desk-team,wrong key",
        "nobody,2026-01-01T00:00:00Z,,unattributed,desk,,,,ops,no context",
        "seven,2026-01-01T00:00:00Z,,,,,customer/id,c-7,seven-inc,their job",
        "matching,2026-01-01T00:00:00Z,,acme-corp,desk,match,,,matchers,moved",
        "other,2026-01-01T00:00:00Z,,,elsewhere,,,,nobody,not ours",
    )
    three.run()
    assert calls(three) == [
        (1, "ops", "unattributed", "nobody"),
        (2, "seven-inc", "acme-corp", "seven"),
        (3, "matchers", "acme-corp", "matching"),
    ]


def test_a_metadata_rule_reaches_calls_by_key_and_value_or_by_key_alone(three):
    three.texts = rules("seven,2026-01-01T00:00:00Z,,,,,customer/id,c-7,seven-inc,their job")
    three.run()
    assert calls(three)[1] == (2, "seven-inc", "acme-corp", "seven")
    three.texts = rules("seven,2026-01-01T00:00:00Z,,,,,customer/id,c-8,seven-inc,their job")
    assert three.run() == [NOON.date()]
    assert calls(three)[1] == (2, "acme-corp", "acme-corp", None)
    three.texts = rules("any,2026-01-01T00:00:00Z,,,,,customer/id,,known,any customer")
    three.run()
    assert [row[1] for row in calls(three)] == ["unattributed", "known", "acme-corp"]


def test_a_rule_holds_from_its_first_instant_up_to_but_not_at_its_last(three):
    end = "2026-03-10T12:00:00Z"
    three.texts = rules(f"d,2026-03-01T00:00:00Z,{end},,desk,,,,early,x", f"e,{end},,,desk,,,,late,y")
    three.run()
    assert [row[1] for row in calls(three)] == ["late"] * 3
    after = "2026-03-10T12:00:00.000001Z"
    three.texts = rules(f"d,2026-03-01T00:00:00Z,{after},,desk,,,,early,x", f"e,{after},,,desk,,,,late,y")
    three.run()
    assert [row[1] for row in calls(three)] == ["early", "early", "late"]


def test_a_new_rule_rebuilds_its_days_alone_moves_the_cost_and_says_so(three):
    three.run()
    total = "select sum(list_cost_usd) as cost from marts.daily_costs"
    before = three.published_rows(total)
    three.texts = rules("matching,2026-01-01T00:00:00Z,,,,match,,,tokyo,moved", tenants=())
    assert three.run() == [(NOON + timedelta(days=1)).date()]
    assert three.published_rows(total) == before
    moved = pick(
        three.published_rows("select * from marts.restatements order by tenant_id"),
        "tenant_id",
        "cause",
        "list_cost_usd_before",
        "list_cost_usd_after",
    )
    cost = Decimal("0.00045")
    assert moved == [("acme-corp", "attribution", cost, None), ("tokyo", "attribution", None, cost)]


def test_the_tenant_who_pays_gives_the_clock(three):
    three.land("late.jsonl", [span(9, usage=chat(1, 1), ended=NOON.replace(hour=23))])
    three.texts = rules(
        "desk,2026-01-01T00:00:00Z,,,desk,,,,tokyo,moved", tenants=(tenant("tokyo", time_zone="Asia/Tokyo"),)
    )
    three.run()
    [row] = three.published_rows("select business_day from marts.calls where sequence = 9")
    assert row["business_day"] == NOON.date() + timedelta(days=1)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,2026-01-01T00:00:00Z,,,,,,,x,y"], r"attribution\.csv:2: .*asks for nothing"),
        (["a,2026-01-01T00:00:00Z,,,desk,,,v,x,y"], r"attribution\.csv:2: .*without a metadata_key"),
        (
            ["a,2026-01-01T00:00:00Z,,,desk,,,,x,y", "b,2026-02-01T00:00:00Z,,,desk,,,,z,y"],
            r"attribution\.csv:3: .*asks for what a asks for",
        ),
    ],
)
def test_rules_that_leave_it_to_chance_who_pays_are_refused(three, lines, said):
    three.texts = rules(*lines)
    with pytest.raises(SeedError, match=said):
        three.run()
