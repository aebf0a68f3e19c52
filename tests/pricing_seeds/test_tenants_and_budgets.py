"""The gate for tenants and budgets: overlaps, unknown zones, circles, thresholds; each with its line and fix."""

from datetime import date

import pytest
from tests.pricing_seeds.test_private import table

from spanledger_warehouse.seeds.check import check

TODAY = date(2026, 11, 22)
YEARS = ({"effective_to": "2026-01-01T00:00:00Z"}, {"effective_from": "2026-01-01T00:00:00Z"})


def _said(repository, line, file, *rows):
    repository.write_sound(line())
    repository.write(file, table(file, *rows))
    return [str(finding) for finding in check(repository.read_as_is(), today=TODAY)]


@pytest.mark.parametrize(
    ("rows", "place", "words", "fix"),
    [
        (
            [{"tenant": "a", "time_zone": "Mars/Olympus"}],
            2,
            "'Mars/Olympus' is no time zone",
            "Europe/Berlin",
        ),
        ([{"tenant": "a", "time_zone": "europe/berlin"}], 2, "is no time zone", "its IANA name"),
        (
            [{"tenant": "a"}, {"tenant": "a"}],
            3,
            "overlaps a in tenants.csv:2",
            "end one where the other begins",
        ),
        ([{"tenant": "a", "parent": "b"}], 2, "the parent 'b' is no tenant", "name a tenant of this file"),
        (
            [{"tenant": "a", "parent": "b"}, {"tenant": "b", "parent": "a"}],
            2,
            "a belongs to itself: a → b → a",
            "leave the parent of one of them blank",
        ),
        (
            [
                {
                    "tenant": "a",
                    "effective_from": "2026-01-01T00:00:00Z",
                    "effective_to": "2026-01-01T00:00:00Z",
                }
            ],
            2,
            "ends before it begins",
            "correct effective_from or effective_to",
        ),
        ([{"tenant": "a", "currency": "euro"}], 2, "'euro' is not a currency code", "correct the currency"),
    ],
)
def test_a_tenant_that_says_two_things_or_nothing_is_refused(repository, line, rows, place, words, fix):
    said = _said(repository, line, "tenants.csv", *rows)
    assert said[0].startswith(f"tenants.csv:{place}: error: ")
    assert words in said[0]
    assert fix in said[0].partition("Fix: ")[2]


def test_a_tenant_may_change_from_an_instant_on(repository, line):
    rows = [
        {"tenant": "a", "time_zone": zone, **when}
        for zone, when in zip(("UTC", "Asia/Tokyo"), YEARS, strict=True)
    ]
    assert _said(repository, line, "tenants.csv", *rows, {"tenant": "b", "parent": "a"}) == []


BUDGET = {"budget": "b", "period": "month", "amount": "100", "currency": "USD"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"thresholds": "80%"}, "the thresholds '80%' are no percentages"),
        ({"thresholds": "0 100"}, "the thresholds '0 100' are no percentages"),
        ({"amount": "0"}, "a budget of 0"),
        ({"tenant": "nobody"}, "the tenant 'nobody' is not in tenants.csv"),
        ({"period": "year"}, "'year' is none of day, week, month"),
    ],
)
def test_a_budget_that_could_never_speak_is_refused(repository, line, cells, words):
    repository.write("tenants.csv", table("tenants.csv", {"tenant": "a"}))
    (said,) = _said(repository, line, "budgets.csv", {**BUDGET, **cells})
    assert said.startswith("budgets.csv:2: error: ")
    assert words in said
    assert "Fix: " in said


def test_two_budgets_of_one_name_must_not_hold_at_once(repository, line):
    (said,) = _said(repository, line, "budgets.csv", BUDGET, {**BUDGET, "amount": "200"})
    assert said.startswith("budgets.csv:3: error: overlaps b in budgets.csv:2")
    assert _said(repository, line, "budgets.csv", *({**BUDGET, **when} for when in YEARS)) == []
