"""The gate on windows, adjustments, defaults and exchange rates: each refusal with its line and its fix."""

import datetime as dt

import pytest

from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.window_rules import weekdays_of

TODAY = dt.date(2026, 11, 22)
URL = "https://acme.example/pricing"
HEADERS = {
    "windows.csv": "window,provider,time_zone,weekdays,starts,ends,calendar,effective_from,effective_to,"
    "evidence_url,note",
    "holidays.csv": "calendar,date,name,evidence_url",
    "adjustments.csv": "adjustment,kind,tenant,provider,model,unit,context,region,effective_from,effective_to,"
    "factor,price,per,currency,reference,note",
    "defaults.csv": "provider,unit,effective_from,effective_to,price,per,currency,note",
    "fx_rates.csv": "date,currency,usd_per_unit,source",
}
SINCE = "2026-01-01T00:00:00Z"
DISCOUNT = f"deal,discount,t,acme,,,,,{SINCE},,0.9,,,,,"
BY_MODEL = f"other,discount,,acme,a-1,,,,{SINCE},,0.8,,,,,"


def said(repository, file, *rows):
    """What the gate says of these rows of a file."""
    repository.write_sound()
    repository.write(file, "\n".join([HEADERS[file], *rows, ""]))
    return [str(finding) for finding in check(repository.read_as_is(), today=TODAY)]


@pytest.mark.parametrize(
    ("file", "rows", "words", "fix"),
    [
        ("windows.csv", [f"w,acme,UTC,0-8,01:00,04:00,,,,{URL},"], "no ISO numbers", "correct the window"),
        ("windows.csv", [f"w,acme,Mars/Base,1-5,01:00,04:00,,,,{URL},"], "Mars/Base", "correct the window"),
        (
            "windows.csv",
            [f"w,acme,UTC,1-5,01:00,04:00,cn,,,{URL},"],
            "no day in holidays",
            "correct the window",
        ),
        (
            "windows.csv",
            [f"w,acme,UTC,1-7,22:00,02:00,,,,{URL},", f"v,acme,UTC,1,01:00,04:00,,,,{URL},"],
            "overlaps the window w in line 2",
            "end one where the other begins",
        ),
        (
            "adjustments.csv",
            [f"x,uplift,t,acme,,,,,{SINCE},,1.1,,,,,"],
            "cannot be for one tenant",
            "discount",
        ),
        ("adjustments.csv", [f"x,uplift,,,,,,us,{SINCE},,1.1,,,,,"], "an uplift needs a provider", "lifts"),
        ("adjustments.csv", [f"x,discount,t,acme,,,,,{SINCE},,,,,,,"], "needs a factor", "0.9 a tenth less"),
        (
            "adjustments.csv",
            [f"x,override,t,acme,,,,,{SINCE},,,2,1000000,USD,,"],
            "needs unit",
            "fill them in",
        ),
        (
            "adjustments.csv",
            [f"x,override,t,acme,,input,,,{SINCE},,,2,1000,USD,,"],
            "per is 1000, but input is priced per 1000000",
            "use the unit's per",
        ),
        (
            "adjustments.csv",
            [f"x,override,t,acme,,input,,,{SINCE},,,2,1000000,,,"],
            "in no currency",
            "name the currency",
        ),
        (
            "adjustments.csv",
            [f"x,override,t,acme,,input,,,{SINCE},,,2,1000000,EUR,,"],
            "a price in EUR, of which fx_rates.csv has no rate",
            "add its rates",
        ),
        ("adjustments.csv", [f"x,discount,t,acne,,,,,{SINCE},,0.9,,,,,"], "'acne' has no prices", "prices/"),
        (
            "adjustments.csv",
            [DISCOUNT, DISCOUNT],
            "both fit the same prices",
            "end one where the other begins",
        ),
        ("adjustments.csv", [DISCOUNT, BY_MODEL], "both fit the same prices", "the columns of both"),
        ("defaults.csv", [f"acme,input,{SINCE},,9,1000,USD,"], "input per 1000 is no unit", "its per"),
        (
            "defaults.csv",
            [f"acme,input,{SINCE},,9,1000000,USD,", f"acme,input,{SINCE},,8,1000000,USD,"],
            "overlaps the default in line 2",
            "end one",
        ),
        (
            "fx_rates.csv",
            ["2026-01-01,EUR,1.1,ecb", "2026-01-01,EUR,1.2,ecb"],
            "already in line 2",
            "keep one",
        ),
        (
            "fx_rates.csv",
            ["2026-01-02,EUR,1.1,ecb", "2026-01-05,EUR,1.2,ecb"],
            "no rate of 2026-01-04",
            "weekend",
        ),
        ("fx_rates.csv", ["2026-01-02,EUR,0,ecb"], "EUR is worth 0 USD", "what one unit is worth"),
    ],
)
def test_what_could_not_be_priced_rightly_is_refused(repository, file, rows, words, fix):
    found = said(repository, file, *rows)
    assert len(found) == 1, found
    assert found[0].startswith(f"{file}:{len(rows) + 1}: error: ")
    assert words in found[0]
    assert fix in found[0].partition("Fix: ")[2]


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("windows.csv", [f"w,acme,UTC,1-5,22:00,02:00,,,,{URL},", f"w,acme,UTC,1-5,02:00,04:00,,,,{URL},"]),
        ("adjustments.csv", [DISCOUNT, f"two,discount,t,acme,a-1,,,,{SINCE},,0.7,,,,,"]),
        ("adjustments.csv", [DISCOUNT, BY_MODEL, f"both,discount,t,acme,a-1,,,,{SINCE},,0.7,,,,,"]),
        ("adjustments.csv", [DISCOUNT, f"u,discount,u,acme,,,,,{SINCE},,0.7,,,,,"]),
        ("defaults.csv", [f"acme,input,{SINCE},,9,1000000,USD,", f"acme,output,{SINCE},,9,1000000,USD,"]),
        ("fx_rates.csv", ["2026-01-02,EUR,1.1,ecb", "2026-01-03,EUR,1.1,ecb of 2026-01-02"]),
    ],
)
def test_what_is_clear_passes(repository, file, rows):
    assert said(repository, file, *rows) == []


def test_a_calendar_that_soon_ends_is_told(repository):
    repository.write("holidays.csv", HEADERS["holidays.csv"] + f"\ncn,2026-10-01,,{URL}\n")
    row = f"w,acme,UTC,1-5,01:00,04:00,cn,,,{URL},"
    [found] = said(repository, "windows.csv", row)
    assert found.startswith("holidays.csv:2: warning: the calendar cn ends with 2026")


@pytest.mark.parametrize(
    ("text", "days"), [("1-5", (1, 2, 3, 4, 5)), ("6 7", (6, 7)), ("1-7", tuple(range(1, 8)))]
)
def test_weekdays_are_iso_numbers(text, days):
    assert weekdays_of(text) == days
