"""Times of day: to the microsecond, over midnight, by weekday, zone and calendar."""

from decimal import Decimal

import pytest
from tests.warehouse.pricing_engine.conftest import URL
from tests.warehouse.seeds import price

PRICES = (price("input", "3"), price("input", "6", window="busy"), price("output", "15"))


def amounts(priced, instants, *windows, holidays=()):
    """List prices of a million tokens at these instants."""
    calls = [{"timestamp": instant} for instant in instants]
    rows = priced(PRICES, calls, windows=windows, holidays=holidays)
    return [row.list_cost_usd for row in rows]


def test_a_window_begins_and_ends_on_the_instant(priced):
    instants = ["08:59:59.999999", "09:00:00", "11:59:59.999999", "12:00:00"]
    window = f"busy,acme,UTC,1-7,09:00,12:00,,,,{URL},"
    assert amounts(priced, [f"2026-03-10T{at}Z" for at in instants], window) == [3, 6, 6, 3]


def test_a_window_runs_over_midnight_of_its_own_weekday(priced):
    # 2026-03-13 is a Friday; the window that opens then is open into Saturday, and no other opens on Saturday.
    instants = [
        "2026-03-13T22:29:59Z",
        "2026-03-13T22:30:00Z",
        "2026-03-14T00:29:59Z",
        "2026-03-14T00:30:00Z",
    ]
    instants += ["2026-03-14T22:30:00Z", "2026-03-15T00:00:00Z", "2026-03-16T00:29:00Z"]
    window = f"busy,acme,UTC,1-5,22:30,00:30,,,,{URL},"
    assert amounts(priced, instants, window) == [3, 6, 6, 3, 3, 3, 3]


def test_a_window_follows_the_clock_of_its_zone(priced):
    # Berlin is at +01:00 until 2026-03-29 and at +02:00 from then on.
    instants = [
        "2026-03-27T08:00:00Z",
        "2026-03-27T07:59:59Z",
        "2026-03-30T07:00:00Z",
        "2026-03-30T06:59:59Z",
    ]
    window = f"busy,acme,Europe/Berlin,1-5,09:00,12:00,,,,{URL},"
    assert amounts(priced, instants, window) == [6, 3, 6, 3]


def test_days_off_of_the_calendar_have_no_window(priced):
    window = f"busy,acme,Asia/Shanghai,1-5,09:00,12:00,cn,,,{URL},"
    instants = ["2026-03-10T01:00:00Z", "2026-03-11T01:00:00Z"]
    assert amounts(priced, instants, window, holidays=(f"cn,2026-03-10,,{URL}",)) == [3, 6]


def test_a_window_holds_in_its_time_only(priced):
    window = f"busy,acme,UTC,1-7,09:00,12:00,,2026-03-10T10:00:00Z,2026-03-11T11:00:00Z,{URL},"
    instants = ["10T09:59:59", "10T10:00:00", "11T10:59:59", "11T11:00:00", "12T10:00:00"]
    assert amounts(priced, [f"2026-03-{at}Z" for at in instants], window) == [3, 6, 6, 3, 3]


def test_two_times_of_one_window_are_both_inside(priced):
    windows = [f"busy,acme,UTC,1-7,{hours},,,,{URL}," for hours in ("01:00,04:00", "06:00,10:00")]
    instants = [f"2026-03-10T{hour:02}:00:00Z" for hour in (0, 1, 4, 5, 6, 10)]
    assert amounts(priced, instants, *windows) == [3, 6, 3, 3, 6, 3]


def test_a_unit_without_a_price_of_the_window_keeps_its_own(priced):
    window = f"busy,acme,UTC,1-7,09:00,12:00,,,,{URL},"
    call = {"timestamp": "2026-03-10T10:00:00Z", "output_tokens": "1000000"}
    [row] = priced(PRICES, [call], windows=[window])
    assert row.list_cost_usd == Decimal(6 + 15)


@pytest.mark.parametrize(("change", "at", "cost"), [("09:30", "09:29:59", 6), ("09:30", "09:30:00", 8)])
def test_a_price_may_change_inside_a_window(priced, change, at, cost):
    later = price(
        "input", "8", window="busy", effective_from=f"2026-03-10T{change}:00Z", change_kind="price_change"
    )
    window = f"busy,acme,UTC,1-7,09:00,12:00,,,,{URL},"
    [row] = priced((*PRICES, later), [{"timestamp": f"2026-03-10T{at}Z"}], windows=[window])
    assert row.list_cost_usd == cost
