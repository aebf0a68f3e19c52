"""One row a call: who pays, when, for which model, tier and region; what the usage says; how it went."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tests.warehouse.harness import DAY, run_model

NOON = datetime(2026, 3, 10, 12)  # noqa: DTZ001 - naive UTC, as the warehouse keeps time
SPAN = {
    "file_id": 1,
    "line": 1,
    "day": DAY,
    "call_id": "p-1",
    "scope": "spanledger",
    "started_at": NOON - timedelta(seconds=1),
    "ended_at": NOON,
    "status_code": "unset",
    "service": "desk",
    "tenant": "acme-corp",
    "operation": "answer",
    "gen_ai_operation": "chat",
    "provider": "acme",
    "request_model": "a-1",
    "http_status": 200,
    "usage_status": "complete",
    "content_hash": "h1",
}
USAGE = {
    "file_id": 1,
    "line": 1,
    "day": DAY,
    "input_tokens": 10,
    "output_tokens": 4,
    "input_quantity": 7,
    "cache_read_quantity": 3,
    "output_quantity": 4,
}


def staged(usage=None, tenants=(), **changed):
    given = {
        "raw.spans": [SPAN | changed],
        "staging.stg_usage": [USAGE | (usage or {})],
        "pricing.tenants": tenants,
    }
    [row] = run_model("staging.stg_calls", given, days=[(SPAN | changed)["day"]])
    return row


def test_a_plain_call_is_billable_at_its_end():
    row = staged()
    expected = {
        "call_id": "p-1",
        "part": 0,
        "copy": 0,
        "disposition": "billable",
        "disposition_rule": None,
        "tenant_id": "acme-corp",
        "provider": "acme",
        "model_id": "a-1",
        "billed_at": NOON,
        "day": DAY,
        "business_day": DAY,
        "duration_ms": 1000,
        "success": True,
        "attempt": 1,
        "dialect": "spanledger",
        "usage_status": "complete",
        "usage_issue": None,
        "pricing_context": "standard",
        "pricing_region": "global",
        "input_tokens": 10,
        "output_tokens": 4,
        "total_tokens": 14,
        "input_quantity": 7,
        "cache_read_quantity": 3,
        "request_quantity": 1,
        "other_units": {},
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("tenant", [None, "", "  "])
def test_a_call_without_tenant_is_unattributed(tenant):
    assert staged(tenant=tenant)["tenant_id"] == "unattributed"


def test_names_that_are_missing_or_blank_get_a_name_that_says_so():
    row = staged(service=" ", operation="", provider=" ", response_model="", request_model=" ")
    assert [row[name] for name in ("service", "operation", "provider", "model_id")] == [
        "unknown_service",
        "unnamed",
        "unknown",
        "unknown",
    ]


def test_the_model_that_answered_decides_the_price():
    assert staged(response_model="a-1-0301")["model_id"] == "a-1-0301"
    assert staged(provider="ACME")["provider"] == "acme"


STATUSES = {
    "complete": ({"usage_status": "complete"}, {}, "complete"),
    "partial": ({"usage_status": "partial"}, {}, "partial"),
    "not said": ({"usage_status": None}, {}, "complete"),
    "a word of a newer release": ({"usage_status": "estimated"}, {}, "partial"),
    "missing, though tokens are there": ({"usage_status": "missing"}, {}, "partial"),
    "complete without tokens": ({}, {"input_tokens": None, "output_tokens": None}, "missing"),
    "input only": ({}, {"output_tokens": None}, "partial"),
    "output only": ({}, {"input_tokens": None}, "partial"),
    "input of an embedding": ({"gen_ai_operation": "embeddings"}, {"output_tokens": None}, "complete"),
    "an issue": ({}, {"usage_issue": "input_tokens=-1"}, "missing"),
}


@pytest.mark.parametrize(("changed", "usage", "expected"), STATUSES.values(), ids=STATUSES)
def test_the_usage_status_says_what_is_there(changed, usage, expected):
    assert staged(usage, **changed)["usage_status"] == expected


def test_usage_that_cannot_be_right_leaves_no_quantity():
    row = staged({"usage_issue": "input_tokens=-1"})
    assert row["usage_issue"] == "input_tokens=-1"
    assert [row[name] for name in ("input_tokens", "output_tokens", "total_tokens", "input_quantity")] == [
        None
    ] * 4


def test_a_call_that_ended_before_it_started_is_kept_and_never_priced():
    row = staged(started_at=NOON + timedelta(microseconds=1))
    assert (row["usage_issue"], row["usage_status"]) == ("ended before it started", "missing")
    assert (row["duration_ms"], row["disposition"]) == (0, "billable")


def test_a_usage_object_that_is_no_json_is_an_issue():
    assert staged(usage_raw='{"torn')["usage_issue"] == "usage_raw is not JSON"


def test_metadata_that_is_no_json_is_kept_as_it_is():
    assert staged(request_metadata="{not json")["request_metadata"] == "{not json"


FAILURES = {
    "an error type": {"error_type": "timeout"},
    "a client error": {"http_status": 400},
    "a server error": {"http_status": 500},
    "a span in error": {"status_code": "error"},
}


@pytest.mark.parametrize("changed", FAILURES.values(), ids=FAILURES)
def test_a_failed_call_makes_no_request_to_bill(changed):
    row = staged(**changed)
    assert (row["success"], row["request_quantity"]) == (False, 0)


@pytest.mark.parametrize("changed", [{"http_status": 399}, {"http_status": None}, {"status_code": "ok"}])
def test_other_calls_succeeded(changed):
    assert staged(**changed)["success"] is True


CONTEXTS = {
    "nothing": ({}, "standard"),
    "default": ({"service_tier": "default"}, "standard"),
    "auto": ({"service_tier": "auto"}, "standard"),
    "on demand": ({"service_tier": "ON_DEMAND"}, "standard"),
    "flex": ({"service_tier": "Flex"}, "flex"),
    "batch": ({"batch": True}, "batch"),
    "batch of a priority tier": ({"batch": True, "service_tier": "priority"}, "batch"),
    "fast": ({"speed": "fast"}, "fast"),
    "fast, standard tier": ({"speed": "Fast", "service_tier": "standard"}, "fast"),
    "another speed": ({"speed": "normal"}, "standard"),
}


@pytest.mark.parametrize(("changed", "expected"), CONTEXTS.values(), ids=CONTEXTS)
def test_tier_speed_and_batch_make_the_pricing_context(changed, expected):
    assert staged(**changed)["pricing_context"] == expected


@pytest.mark.parametrize(("region", "expected"), [(None, "global"), ("", "global"), ("US", "us")])
def test_the_region_is_the_served_one_else_global(region, expected):
    assert staged(region=region)["pricing_region"] == expected


@pytest.mark.parametrize(
    ("milliseconds", "bucket"),
    [
        (0, 0),
        (99, 99),
        (100, 100),
        (101, 110),
        (1000, 1000),
        (1001, 1100),
        (9999, 10000),
        (10001, 11000),
        (100001, 110000),
    ],
)
def test_durations_are_rounded_up_to_two_significant_digits(milliseconds, bucket):
    row = staged(started_at=NOON - timedelta(milliseconds=milliseconds))
    assert (row["duration_ms"], row["duration_bucket_ms"]) == (milliseconds, bucket)


def test_units_without_a_column_go_into_the_map():
    units = {"cache_write_30m": 5, "cache_write_12h": 2}
    assert staged({"other_units": units})["other_units"] == units
    assert staged({"other_units": units, "usage_issue": "x"})["other_units"] == {}


AMOUNTS = {
    "0.0123456789012345": Decimal("0.0123456789012345"),
    "12": Decimal(12),
    "1.5e-5": Decimal("0.000015"),
    "1E-16": Decimal("1E-16"),
    "-1": None,
    "1e5": None,
    "NaN": None,
    "true": None,
    "": None,
    "1,5": None,
}


@pytest.mark.parametrize(("text", "amount"), AMOUNTS.items(), ids=AMOUNTS)
def test_a_reported_cost_is_a_plain_amount_or_nothing(text, amount):
    row = staged(reported_cost_text=text)
    assert (row["reported_cost"], row["reported_cost_currency"]) == (amount, "USD")


def zone(name, time_zone, **dated):
    always = {"valid_from": datetime(1, 1, 1), "valid_to": datetime(9999, 12, 31)}  # noqa: DTZ001
    return {"tenant": name, "time_zone": time_zone} | always | dated


@pytest.mark.parametrize(
    ("ended", "time_zone"),
    [
        ("2026-03-08 04:59:59.999999", "America/New_York"),
        ("2026-03-08 05:00:00", "America/New_York"),
        (
            "2026-03-09 03:59:59.999999",
            "America/New_York",
        ),  # the day before the clocks go forward has 23 hours
        ("2026-03-09 04:00:00", "America/New_York"),
        ("2026-10-24 21:59:59.999999", "Europe/Berlin"),
        ("2026-10-24 22:00:00", "Europe/Berlin"),
        ("2026-10-25 22:59:59.999999", "Europe/Berlin"),  # 25 hours
        ("2026-10-25 23:00:00", "Europe/Berlin"),
        ("2026-12-31 10:00:00", "Pacific/Auckland"),
        ("2024-02-28 18:30:00", "Asia/Kolkata"),
    ],
)
def test_the_business_day_is_that_of_the_tenants_clock(ended, time_zone):
    instant = datetime.fromisoformat(ended)
    changed = {"ended_at": instant, "started_at": instant, "day": instant.date()}
    row = staged(
        {"day": instant.date()}, tenants=[zone("acme-corp", time_zone), zone("b", "Asia/Tokyo")], **changed
    )
    assert row["business_day"] == instant.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone)).date()
    assert row["day"] == instant.date()


def test_a_tenant_that_moves_has_the_zone_of_the_instant():
    tenants = [
        zone("acme-corp", "Asia/Tokyo", valid_to=NOON),
        zone("acme-corp", "America/New_York", valid_from=NOON),
    ]
    evening = {"ended_at": NOON - timedelta(microseconds=1), "started_at": NOON - timedelta(seconds=1)}
    assert staged(tenants=tenants, **evening)["business_day"] == DAY
    night = datetime(2026, 3, 10, 3)  # noqa: DTZ001
    late = {"ended_at": night, "started_at": night}
    moved = [
        zone("acme-corp", "Asia/Tokyo", valid_to=night),
        zone("acme-corp", "America/New_York", valid_from=night),
    ]
    assert staged(tenants=moved, **late)["business_day"] == DAY - timedelta(days=1)


def test_a_span_that_is_no_llm_call_is_kept_and_not_billed():
    nothing = dict.fromkeys(("provider", "gen_ai_operation", "request_model", "usage_status"))
    row = staged({"input_tokens": None, "output_tokens": None}, **nothing)
    assert (row["disposition"], row["disposition_rule"]) == ("not_llm", "no_llm_attributes")
