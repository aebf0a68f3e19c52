"""A holiday calendar that runs out: warned of before, refused after, and told of by a run whose calls it prices."""

from datetime import UTC, date, datetime

import pytest
from tests.pricing_seeds.conftest import price_line
from tests.pricing_seeds.test_private import table
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import UNITS

from spanledger_warehouse.seeds.check import check

WINDOW = {"window": "peak", "provider": "acme", "time_zone": "UTC", "weekdays": "1-5", "calendar": "cn"}
WINDOW |= {"starts": "09:00", "ends": "12:00", "evidence_url": "https://acme.example/pricing"}
HOLIDAY = {"calendar": "cn", "date": "2026-03-10", "evidence_url": "https://acme.example/holidays"}


@pytest.fixture
def seeds(repository):
    repository.write_sound(
        price_line(), price_line(unit="output", price="15.00"), price_line(window="peak", price="6.00")
    )
    repository.write("units.csv", UNITS)
    repository.write("windows.csv", table("windows.csv", WINDOW))
    repository.write("holidays.csv", table("holidays.csv", HOLIDAY))
    repository.commit()
    return repository


@pytest.mark.parametrize(
    ("today", "severity"),
    [
        (date(2026, 11, 16), None),
        (date(2026, 11, 17), "warning"),
        (date(2026, 12, 31), "warning"),
        (date(2027, 1, 1), "error"),
    ],
)
def test_the_end_of_a_calendar_is_told_in_time_and_then_refused(seeds, today, severity):
    found = [finding for finding in check(seeds.read(), today=today) if finding.rule == "calendar"]
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    if found:
        assert (found[0].file, found[0].line) == ("holidays.csv", 2)
        assert "the calendar cn ends with 2026" in found[0].message
        assert "add the days off of 2027" in found[0].fix


def test_a_run_tells_of_calls_that_the_calendar_does_not_cover(seeds, tmp_path):
    ledger = Ledger(tmp_path / "home")
    ledger.seeds_folder = seeds.folder
    for number, ended in enumerate(
        [datetime(2026, 12, 31, 10, tzinfo=UTC), datetime(2027, 1, 1, 10, tzinfo=UTC)], 1
    ):
        ledger.land(f"{number}.jsonl", [span(number, ended=ended, usage=chat(1000, 10))])
        ledger.run()
        found = ledger.rows(
            "select violations, example from marts.data_quality where check_name = 'ended_calendars'"
        )
        if number == 1:
            assert [row["violations"] for row in found if row["violations"]] == []
    [told] = found
    assert (told["violations"], told["example"]) == (
        1,
        "acme since 2027-01-01: the calendar ends with 2026-12-31",
    )
