"""Exports the published marts as an Excel workbook: a sheet a mart, real numbers and dates, a frozen header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.export.window import Window, exported_marts, rows_of
from spanledger_warehouse.reading.published import publication

# Excel's own limits: rows of a sheet, characters of a cell and of a sheet's name.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
MOST_NAME = 31
WIDEST = 60

Step = Callable[[int, int], None]


def write_workbook(
    connection: duckdb.DuckDBPyConnection, file: Path, window: Window, step: Step | None = None
) -> dict[str, int]:
    """Write every mart but the calls, and a first sheet that says what they are.

    Excel keeps 15 digits of a number; the first sheet has the exact total as text.

    Args:
        connection: the published file.
        file: where to write; ends in .xlsx.
        window: which tenant and days.
        step: told after each sheet.

    Returns:
        The number of rows of each mart.

    Raises:
        ConfigurationError: the name does not end in .xlsx, or a mart has more rows than a sheet.
    """
    if file.suffix.lower() != ".xlsx":
        raise ConfigurationError(f"{file}: its name must end in .xlsx")
    marts = [mart for mart in exported_marts(connection, window) if mart != "calls"]
    window.bind(connection)
    counts: dict[str, int] = {}
    partial = file.with_name(f".{file.name}.partial")
    options = {
        "constant_memory": True,
        # A name that starts with = or looks like a link or a number is a name.
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    try:
        with xlsxwriter.Workbook(str(partial), options) as workbook:
            formats = {
                "header": workbook.add_format({"bold": True, "bottom": 1}),
                "money": workbook.add_format({"num_format": "#,##0.00########"}),
                "count": workbook.add_format({"num_format": "#,##0"}),
                "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
                "instant": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            }
            _write_about(workbook.add_worksheet("about"), connection, window, formats)
            for done, mart in enumerate(marts, start=1):
                sheet = workbook.add_worksheet(mart[:MOST_NAME])
                counts[mart] = _write_mart(sheet, connection, mart, formats)
                if step:
                    step(done, len(marts))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return counts


def _write_mart(
    sheet: Worksheet,
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    formats: dict[str, Any],
) -> int:
    rows = connection.execute(rows_of(connection, mart))
    names = [column[0] for column in rows.description or ()]
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(names):
        sheet.set_column(place, place, min(WIDEST, max(12, len(name) + 2)))
    sheet.write_row(0, 0, names, formats["header"])
    written = 0
    while batch := rows.fetchmany(10_000):
        for row in batch:
            written += 1
            if written >= MOST_ROWS:
                raise ConfigurationError(
                    f"marts.{mart} has more rows than a sheet of Excel holds ({MOST_ROWS - 1}); "
                    "choose fewer days (--from, --to) or one tenant, or export it as Parquet"
                )
            _write_row(sheet, written, row, formats)
    if written:
        sheet.autofilter(0, 0, written, len(names) - 1)
    return written


def _write_row(sheet: Worksheet, place: int, row: Sequence[object], formats: dict[str, Any]) -> None:
    for column, value in enumerate(row):
        match value:
            case None:
                continue
            case bool():
                sheet.write_boolean(place, column, value)
            case int():
                sheet.write_number(place, column, value, formats["count"])
            case Decimal():
                # float only here, at the border of a program whose numbers are floats
                sheet.write_number(place, column, float(value), formats["money"])
            case datetime():
                sheet.write_datetime(place, column, value, formats["instant"])
            case date():
                sheet.write_datetime(place, column, value, formats["date"])
            case _:
                sheet.write_string(place, column, str(value)[:MOST_CHARACTERS])


def _write_about(
    sheet: Worksheet, connection: duckdb.DuckDBPyConnection, window: Window, formats: dict[str, Any]
) -> None:
    """What the workbook holds, of which version, and the exact total."""
    made = publication(connection)
    cost, unknown = connection.execute(
        "select coalesce(sum(contracted_cost_usd), 0), coalesce(sum(unpriced_calls + partially_priced_calls"
        f" + usage_missing_calls + usage_partial_calls), 0) from ({rows_of(connection, 'daily_costs')})"
    ).fetchall()[0]
    facts = [
        ("contracted cost (USD, exact)", f"{cost:f}"),
        ("calls whose cost is not known, or not in full", str(unknown)),
        ("tenant", window.tenant or "all"),
        ("first day (UTC)", str(window.first_day or "the first")),
        ("last day (UTC)", str(window.last_day or "the last")),
        ("complete through (UTC)", str(made.complete_through or "not known")),
        ("version", made.version),
        ("published at (UTC)", f"{made.published_at:%Y-%m-%d %H:%M:%S}"),
        ("seeds", made.seeds),
        ("release", made.release),
    ]
    sheet.set_column(0, 0, 48)
    sheet.set_column(1, 1, WIDEST)
    for place, (name, value) in enumerate(facts):
        sheet.write_string(place, 0, name, formats["header"])
        sheet.write_string(place, 1, value)
