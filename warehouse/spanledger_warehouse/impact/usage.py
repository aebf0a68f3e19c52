"""Where the usage comes from that a change is applied to: the warehouse, a published file, or a fingerprint.

A fingerprint is a CSV of units by day, model, context, region and tier. It may leave the company's network: it has no
tenant, no operation, no call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from spanledger_warehouse.database import literal_path, sql_text
from spanledger_warehouse.errors import SpanledgerError
from spanledger_warehouse.settings import Settings

FINGERPRINT = (
    "day",
    "provider",
    "model",
    "context",
    "region",
    "input_tokens_from",
    "unit",
    "quantity",
    "calls",
)
CATALOG = "history"
_HOW = "make one with `spanledger prices impact --write-fingerprint FILE`"


class Usage(Protocol):
    """Calls to price, and how many real calls each of them stands for."""

    def offer(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Create the views `usage` (rows of staging.stg_calls, billable) and `weights` (call_id, calls)."""

    def release(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Let go of what was attached; what is touched has been copied."""


@dataclass(frozen=True)
class Warehouse:
    """The calls of a warehouse, attached read-only; nothing of it is changed."""

    settings: Settings

    def offer(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Create the views over the attached warehouse."""
        attach_warehouse(scratch, self.settings)
        scratch.execute(
            f"create view usage as select * from {CATALOG}.staging.stg_calls where disposition = 'billable'"
        )
        scratch.execute("create table weights (call_id varchar, calls bigint)")

    def release(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Detach the warehouse, so that no name can mean two tables."""
        scratch.execute("drop view usage")
        scratch.execute(f"detach {CATALOG}")


@dataclass(frozen=True)
class Published:
    """The calls of a published file: for readers who have no access to the warehouse, or while a run holds it."""

    file: Path

    def offer(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Create `usage` from the published calls and cost lines."""
        if not self.file.is_file():
            raise SpanledgerError(
                f"there is no published file at {self.file}; `spanledger run` publishes one"
            )
        _attach(scratch, self.file, "marts", "calls")
        wide, others = _wide_columns(_wide_units(scratch))
        scratch.execute(sql_text("impact", "published_calls").format(wide=wide, wide_units=others))
        scratch.execute("create table weights (call_id varchar, calls bigint)")

    def release(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Detach the file; what is touched has been copied."""
        scratch.execute(f"detach {CATALOG}")


@dataclass(frozen=True)
class Fingerprint:
    """Usage by day, model, context, region and tier, from a file; a day counts at its noon, UTC."""

    file: Path

    def offer(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Create the views over one made-up call per line group of the file."""
        if not self.file.is_file():
            raise SpanledgerError(f"there is no fingerprint at {self.file}; {_HOW}")
        types = {"day": "date", "input_tokens_from": "bigint", "quantity": "bigint", "calls": "bigint"}
        columns = ", ".join(f"'{name}': '{types.get(name, 'varchar')}'" for name in FINGERPRINT)
        try:
            scratch.execute(
                f"create table fingerprint as from read_csv(?, header = true, columns = {{{columns}}})",
                [literal_path(self.file)],
            )
        except duckdb.Error as error:
            raise SpanledgerError(f"{self.file} is no usage fingerprint ({error}); {_HOW}") from error
        wide, others = _wide_columns(_wide_units(scratch))
        scratch.execute(sql_text("impact", "fingerprint_calls").format(wide=wide, wide_units=others))

    def release(self, scratch: duckdb.DuckDBPyConnection) -> None:
        """Nothing is attached."""


def attach_warehouse(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Attach the warehouse as `history`, for reading.

    Raises:
        SpanledgerError: there is none, or a run holds it.
    """
    file = settings.home.warehouse_file
    if not file.is_file():
        raise SpanledgerError(
            f"there is no warehouse at {file}; run `spanledger run` first, name its home with --home, "
            "or assess a published file with --published FILE or a fingerprint with --fingerprint FILE"
        )
    _attach(connection, file, "staging", "stg_calls")


def _attach(connection: duckdb.DuckDBPyConnection, file: Path, schema: str, table: str) -> None:
    quoted = str(file).replace("'", "''")
    try:
        connection.execute(f"attach '{quoted}' as {CATALOG} (read_only)")
    except duckdb.Error as error:
        raise SpanledgerError(
            f"{file} cannot be read ({error}); if a run is at work, wait for its end, or assess the published file "
            "with --published FILE"
        ) from error
    found = connection.execute(
        "select 1 from information_schema.tables where table_catalog = ? and table_schema = ? and table_name = ?",
        [CATALOG, schema, table],
    ).fetchone()
    if not found:
        raise SpanledgerError(
            f"{file} has no {schema}.{table}; run `spanledger run` first, or name another file"
        )


def write_fingerprint(settings: Settings, tiers: Sequence[int], output: Path) -> int:
    """Write the fingerprint of a warehouse; the number of its lines.

    Args:
        settings: of the warehouse.
        tiers: every prompt size at which a price changes (`tier_above` of all prices).
        output: the CSV file.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        attach_warehouse(connection, settings)
        wide = _wide_units(connection, CATALOG)
        entries = ", ".join(f"struct_pack(unit := '{unit}', quantity := {unit}_quantity)" for unit in wide)
        connection.execute(
            sql_text("impact", "fingerprint").format(entries=entries), {"tiers": sorted({*tiers, 0} - {0})}
        )
        target = str(output).replace("'", "''")
        connection.execute(
            f"copy (select * from fingerprint order by all) to '{target}' (format csv, header)"
        )
        row = connection.execute("select count(*) from fingerprint").fetchone()
        return int(row[0]) if row else 0


def _wide_columns(wide: Sequence[str]) -> tuple[str, str]:
    """The quantities of the common units as columns, and the names of these units, as SQL."""
    columns = "".join(
        f"cast(sum(quantity) filter (where unit = '{unit}') as bigint) as {unit}_quantity,\n" for unit in wide
    )
    return columns, ", ".join(f"'{unit}'" for unit in wide)


def _wide_units(connection: duckdb.DuckDBPyConnection, catalog: str = "memory") -> list[str]:
    """The units with a column of their own in staging.stg_calls."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name = 'staging' "
        "and table_name = 'stg_calls' and column_name like '%\\_quantity' escape '\\' order by column_index",
        [catalog],
    ).fetchall()
    return [name.removesuffix("_quantity") for (name,) in rows]
