"""How results look: money keeps its digits, and JSON and CSV carry decimals as they are."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from spanledger_pipelines import rendering

COLUMNS = ("tenant_id", "calls", "contracted_cost_usd", "coverage_pct")
ROWS = [
    ("acme", 1200, Decimal("12.345600000000"), Decimal("99.90")),
    ("acme", 3, Decimal("0.000000120000"), Decimal("100.00")),
    ("globex", 4, None, None),
]


def drawn(**options: object) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=200).print(rendering.table(COLUMNS, ROWS, **options))
    return out.getvalue().rstrip().splitlines()


def test_a_money_column_has_the_digits_that_its_longest_value_needs() -> None:
    assert rendering.column_texts("contracted_cost_usd", [row[2] for row in ROWS]) == [
        "12.34560000",
        "0.00000012",
        "-",
    ]


def test_percentages_have_as_many_digits_as_they_need() -> None:
    assert rendering.column_texts("coverage_pct", [row[3] for row in ROWS]) == ["99.9", "100.0", "-"]


def test_a_total_is_the_exact_sum_of_what_is_known() -> None:
    lines = drawn(totals=("calls", "contracted_cost_usd"))
    assert lines[-1].split() == ["total", "1,207", "12.34560012"]


def test_tenants_are_set_apart_when_there_is_a_total() -> None:
    names = [line.split()[0] if line.strip() else "" for line in drawn(totals=("calls",))]
    assert names[-6:] == ["acme", "acme", "", "globex", "", "total"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.5"), "1.50"),
        (Decimal("1234567.891"), "1,234,567.891"),
        (Decimal("0.000000000001"), "0.000000000001"),
        (Decimal("1E+3"), "1,000.00"),
    ],
)
def test_one_amount_has_at_least_two_decimals(value: Decimal, text: str) -> None:
    assert rendering.money(value) == text


def test_json_has_decimals_as_strings() -> None:
    written = rendering.to_json({"cost": Decimal("0.000000000001"), "day": date(2026, 8, 19), "n": 1})
    assert json.loads(written) == {"cost": "0.000000000001", "day": "2026-08-19", "n": 1}


def test_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="object"):
        rendering.to_json(object())


def test_csv_has_decimals_in_full_and_empty_cells_for_what_is_not_known() -> None:
    at = datetime(2026, 8, 19, 1, 2, 3, tzinfo=UTC)
    assert rendering.to_csv(("a", "b", "c"), [(Decimal("1E-12"), None, at)]) == (
        "a,b,c\n0.000000000001,,2026-08-19T01:02:03+00:00\n"
    )


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with rendering.progress("calls") as step:
        step(1, 2)
    assert capsys.readouterr() == ("", "")


def test_names_of_strangers_neither_steer_the_terminal_nor_become_markup() -> None:
    out = io.StringIO()
    rows = [("[red]acme[/red]", "gpt\x1b[2J\r4o")]
    Console(file=out, width=80).print(rendering.table(("tenant_id", "model"), rows))
    assert "[red]acme[/red]" in out.getvalue()
    assert "\x1b" not in out.getvalue()
    assert "\r" not in out.getvalue()
