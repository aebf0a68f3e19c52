"""Exports published marts as CSV and Parquet files, one file a mart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.export.statements import write_query
from spanledger_warehouse.export.window import Window, columns_of, exported_marts, rows_of

# Programs that show tables take a text that begins so for a formula; the last four are full-width = + - @.
_FORMULA = r"^([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"


def write_marts(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    window: Window,
    *,
    suffix: str,
    only: str | None = None,
    step: Callable[[int, int], None] | None = None,
) -> dict[Path, int]:
    """Write each mart into the folder.

    CSV goes to spreadsheets: a text that one would take for a formula gets an apostrophe in front. Parquet has every
    value as it is.

    Args:
        connection: the published file.
        folder: is made where it does not exist.
        window: which tenant and days.
        suffix: `.csv` or `.parquet`.
        only: this mart; None = all.
        step: told after each file.

    Returns:
        The files and their numbers of rows.

    Raises:
        ConfigurationError: there is no such mart.
    """
    marts = exported_marts(connection, window)
    if only is not None and only not in marts:
        raise ConfigurationError(f"there is no mart '{only}' to export; choose one of: {', '.join(marts)}")
    chosen = [only] if only else marts
    folder.mkdir(parents=True, exist_ok=True)
    window.bind(connection)
    written: dict[Path, int] = {}
    for done, mart in enumerate(chosen, start=1):
        query = rows_of(connection, mart)
        if suffix == ".csv":
            query = _without_formulas(columns_of(connection, mart), query)
        file = folder / f"{mart}{suffix}"
        written[file] = write_query(connection, query, file)
        if step:
            step(done, len(chosen))
    return written


def _without_formulas(columns: dict[str, str], query: str) -> str:
    texts = [
        f"regexp_replace(\"{name}\", '{_FORMULA}', '''\\1') as \"{name}\""
        for name, kind in columns.items()
        if kind == "VARCHAR"
    ]
    return f"select * replace ({', '.join(texts)}) from ({query})" if texts else query
