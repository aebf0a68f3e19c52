"""From bytes to typed rows: the header, every cell, and every defect with its line."""

import csv
import dataclasses
import io
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any, TypeVar

from spanledger_warehouse.seeds.canonical import price_id
from spanledger_warehouse.seeds.cells import READERS
from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import COLUMN, Column, PriceRow, Row

_EXACT = Context(prec=60)
_MAX_PLACES = 16
_MAX_WHOLE = 4  # digits before the point
_LAST_PLACE = Decimal("1e-16")
SECONDS_PER_HOUR = 3600
RowType = TypeVar("RowType", bound=Row)


def columns_of(row_type: type[Row]) -> dict[str, Column]:
    """The columns of a kind of row, in the order of its file."""
    fields = dataclasses.fields(row_type)
    return {field.name: field.metadata[COLUMN] for field in fields if COLUMN in field.metadata}


def read_table(file: str, content: bytes, row_type: type[RowType], findings: list[Finding]) -> list[RowType]:
    """The typed rows of one file; what cannot be read is a finding and not a row."""
    lines = _lines(file, content, findings)
    header = next(lines, (1, None))[1]
    columns = columns_of(row_type)
    if header is None or not _header_fits(file, header, list(columns), findings):
        return []
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            message = f"{len(cells)} cells where the header has {len(header)}"
            findings.append(
                error(file, line, "cells", message, "give every column a cell; quote commas in notes")
            )
            continue
        row = _read_row(file, line, dict(zip(header, cells, strict=True)), row_type, columns, findings)
        if row is not None:
            rows.append(row)
    return rows


def _lines(file: str, content: bytes, findings: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        findings.append(error(file, line, "encoding", "the file is not UTF-8", "save it as UTF-8"))
        return
    if text.startswith("\ufeff") or "\r" in text:
        line = text[: text.find("\r")].count("\n") + 1 if "\r" in text else 1
        message = "the file has a byte order mark or CR line ends"
        findings.append(
            error(file, line, "encoding", message, "save it as UTF-8 without mark, with LF line ends")
        )
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if reader.line_num != start:
                message = "a cell runs over the end of its line"
                findings.append(error(file, start, "cells", message, "keep every row on one line"))
            elif not cells:
                findings.append(error(file, start, "cells", "an empty line", "remove it"))
            else:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as problem:
        findings.append(error(file, start, "cells", f"not CSV: {problem}", "check the quotes of this line"))


def _header_fits(file: str, header: list[str], columns: list[str], findings: list[Finding]) -> bool:
    if header[: len(columns)] == columns and len(set(header)) == len(header):
        return True
    known = ",".join(columns)
    missing = [column for column in columns if column not in header]
    message = (
        f"the header lacks {', '.join(missing)}" if missing else "the columns are not in the agreed order"
    )
    findings.append(error(file, 1, "header", message, f"the first line must begin with {known}"))
    return False


def _read_row(
    file: str,
    line: int,
    cells: dict[str, str],
    row_type: type[RowType],
    columns: dict[str, Column],
    findings: list[Finding],
) -> RowType | None:
    values: dict[str, Any] = {}
    count = len(findings)
    for name, cell in cells.items():
        column = columns.get(name)
        try:
            if cell != cell.strip():
                raise ValueError(f"{cell!r} has spaces around it; remove them")
            if column is not None:
                values[name] = _read_cell(column, cell)
            elif cell:
                raise ValueError(f"is a column that this release does not know, with the value {cell!r}")
        except ValueError as problem:
            fix = (
                f"correct the {name} of this row"
                if column
                else "use a release that knows it, or leave it blank"
            )
            findings.append(error(file, line, "cell", f"{name}: {problem}", fix))
    if len(findings) > count:
        return None
    if issubclass(row_type, PriceRow):
        values["price_id"] = price_id(values)
        values["unit_price"] = _unit_price(file, line, values["price"], values["per"], findings)
    return row_type(file=file, line=line, **values)


def _unit_price(file: str, line: int, price: Decimal, per: int, findings: list[Finding]) -> Decimal:
    """The exact price of one unit; what does not fit DECIMAL(20,16) is a finding, never rounded.

    Prices of an hour are the exception: the price of a second is rounded half-even to 16 places.
    """
    if per == SECONDS_PER_HOUR:
        return _EXACT.quantize(_EXACT.divide(price, Decimal(per)), _LAST_PLACE)
    unit_price = _EXACT.divide(price, Decimal(per)) if per else Decimal(0)
    exponent = unit_price.as_tuple().exponent
    exact = per and _EXACT.multiply(unit_price, Decimal(per)) == price
    if (
        not exact
        or (isinstance(exponent, int) and exponent < -_MAX_PLACES)
        or unit_price.adjusted() >= _MAX_WHOLE
    ):
        message = f"{price} for {per} is no exact price of one unit within 4 digits and {_MAX_PLACES} places"
        findings.append(
            error(file, line, "unit-price", message, "give the price for 1, 1000 or 1000000 units")
        )
        return Decimal(0)
    return unit_price


def _read_cell(column: Column, cell: str) -> Any:
    if not cell:
        if column.required:
            raise ValueError("is blank, and must be given")
        return column.default
    value = READERS[column.kind](cell)
    if column.choices and cell not in column.choices:
        raise ValueError(f"{cell!r} is none of {', '.join(column.choices)}")
    return value
