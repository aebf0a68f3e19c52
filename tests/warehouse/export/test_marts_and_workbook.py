"""CSV, Parquet and Excel files of the marts: every row, real types, and no name that becomes a formula."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from tests.warehouse.export.conftest import FORMULA, WIDE_FORMULA

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.export import workbook
from spanledger_warehouse.export.marts import write_marts
from spanledger_warehouse.export.window import Window
from spanledger_warehouse.export.workbook import write_workbook
from spanledger_warehouse.reading.published import open_published


def marts_of(published_file: Path) -> set[str]:
    with open_published(published_file) as connection:
        rows = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'")
        return {row[0] for row in rows.fetchall()}


def test_every_mart_becomes_a_file_and_parquet_is_exact(published_file: Path, tmp_path: Path) -> None:
    with open_published(published_file) as connection:
        files = write_marts(connection, tmp_path, Window(), suffix=".parquet")
        assert {file.stem for file in files} == marts_of(published_file)
        for file, count in files.items():
            lost, made = (
                connection.execute(f"select count(*) from ({left} except all {right})").fetchall()[0][0]
                for left, right in (
                    (f"from marts.{file.stem}", f"from read_parquet('{file}')"),
                    (f"from read_parquet('{file}')", f"from marts.{file.stem}"),
                )
            )
            assert (lost, made) == (0, 0), file
            assert count == connection.execute(f"select count(*) from marts.{file.stem}").fetchall()[0][0]


def test_csv_has_every_digit_and_no_formula(published_file: Path, tmp_path: Path) -> None:
    with open_published(published_file) as connection:
        [file] = write_marts(connection, tmp_path, Window(), suffix=".csv", only="costs_by_operation")
        exact = connection.execute("select sum(contracted_cost_usd) from marts.daily_costs").fetchall()[0][0]
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {f"'{FORMULA}", f"'{WIDE_FORMULA}"} <= {row["operation"] for row in rows}
    assert sum(Decimal(row["contracted_cost_usd"] or 0) for row in rows) == exact
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "@", "\t", "\r")]


def test_a_tenants_files_have_no_row_of_another_and_no_mart_without_tenants(
    published_file: Path, tmp_path: Path
) -> None:
    with open_published(published_file) as connection:
        files = write_marts(connection, tmp_path, Window("globex"), suffix=".parquet")
    assert "data_quality" not in {file.stem for file in files}
    with duckdb.connect() as connection:
        for file in files:
            found = connection.execute(f"select distinct tenant_id from read_parquet('{file}')").fetchall()
            assert set(found) <= {("globex",)}, file


def test_days_are_inclusive_on_both_ends(published_file: Path, tmp_path: Path) -> None:
    april = Window(first_day=date(2026, 4, 1), last_day=date(2026, 4, 1))
    with open_published(published_file) as connection:
        [file] = write_marts(connection, tmp_path, april, suffix=".parquet", only="calls")
        days = connection.execute(f"select distinct day from read_parquet('{file}')").fetchall()
    assert days == [(date(2026, 4, 1),)]


def test_an_unknown_mart_is_refused_in_words(published_file: Path, tmp_path: Path) -> None:
    with (
        open_published(published_file) as connection,
        pytest.raises(ConfigurationError, match=r"'costs'.*daily_costs"),
    ):
        write_marts(connection, tmp_path / "out", Window(), suffix=".csv", only="costs")
    assert not (tmp_path / "out").exists()


def test_a_workbook_has_a_sheet_a_mart_with_real_types_and_a_frozen_header(
    published_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "costs.xlsx"
    with open_published(published_file) as connection:
        counts = write_workbook(connection, file, Window())
        total = connection.execute("select sum(contracted_cost_usd) from marts.daily_costs").fetchall()[0][0]
    book = openpyxl.load_workbook(file)
    assert set(book.sheetnames) == {"about", *(name[:31] for name in marts_of(published_file) - {"calls"})}
    daily = book["daily_costs"]
    assert daily.freeze_panes == "A2"
    header, *rows = daily.iter_rows(values_only=True)
    day, cost, calls = (header.index(name) for name in ("day", "contracted_cost_usd", "calls"))
    assert len(rows) == counts["daily_costs"]
    assert {type(row[day]) for row in rows} == {datetime}
    assert {type(row[calls]) for row in rows} == {int}
    # Excel's numbers are floats of 15 digits; the exact total is text on the first sheet
    assert sum(Decimal(str(row[cost])) for row in rows if row[cost] is not None) == pytest.approx(total)
    assert dict(book["about"].iter_rows(values_only=True))["contracted cost (USD, exact)"] == f"{total:f}"


def test_a_name_that_looks_like_a_formula_is_text(published_file: Path, tmp_path: Path) -> None:
    with open_published(published_file) as connection:
        write_workbook(connection, tmp_path / "costs.xlsx", Window())
    sheet = openpyxl.load_workbook(tmp_path / "costs.xlsx")["costs_by_operation"]
    [cell] = [cell for row in sheet.iter_rows() for cell in row if cell.value == FORMULA]
    assert cell.data_type == "s"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_more_rows_than_a_sheet_holds_are_refused_and_leave_no_file(
    published_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with (
        open_published(published_file) as connection,
        pytest.raises(ConfigurationError, match="--from, --to"),
    ):
        write_workbook(connection, tmp_path / "costs.xlsx", Window())
    assert list(tmp_path.iterdir()) == []
