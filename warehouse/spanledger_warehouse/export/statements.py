"""The statements of `sql/export`, and files written from a query."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import ConfigurationError

FORMATS = {
    ".csv": "format csv, header",
    ".parquet": "format parquet, compression zstd",
}


def read(name: str) -> str:
    """The text of `sql/export/<name>.sql`."""
    file = resources.files("spanledger_warehouse") / "sql" / "export" / f"{name}.sql"
    return file.read_text(encoding="utf-8")


def write_query(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    """Write the rows of a query; the suffix of the file decides the format. The file is whole or not there.

    Returns:
        The number of rows.

    Raises:
        ConfigurationError: the suffix is not known.
    """
    options = FORMATS.get(file.suffix.lower())
    if options is None:
        raise ConfigurationError(f"{file}: its name must end in one of: {', '.join(FORMATS)}")
    partial = file.with_name(f".{file.name}.partial")
    quoted = str(partial).replace("'", "''")
    try:
        rows = int(connection.execute(f"copy ({query}) to '{quoted}' ({options})").fetchall()[0][0])
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return rows
