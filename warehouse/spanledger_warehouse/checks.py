"""Checks that are part of every run: select statements whose rows are violations (`sql/checks/*.sql`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

import duckdb
import sqlglot
from sqlglot import exp

from spanledger_warehouse.errors import ModelError

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Check:
    """A question whose every answer is a violation.

    Attributes:
        name: of the file.
        table: the table that it looks at.
        severity: `error` where money would be wrong: such a run is not published.
        message: what a violation means.
        what_to_do: the next step.
        sql: selects `example` and `weight` (how many violations the row stands for).
    """

    name: str
    table: str
    severity: str
    message: str
    what_to_do: str
    sql: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Full names of the tables that the check reads, bookkeeping apart."""
        tables = sqlglot.parse_one(self.sql, dialect="duckdb").find_all(exp.Table)
        return tuple(sorted({f"{table.db}.{table.name}" for table in tables if table.db not in {"", "ops"}}))

    @property
    def is_blocking(self) -> bool:
        """Whether a violation keeps the run from being published."""
        return self.severity == "error"


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    check: Check
    violations: int
    example: str | None

    @property
    def passed(self) -> bool:
        """No violation."""
        return self.violations == 0

    def __str__(self) -> str:
        return f"{self.check.name}: {self.violations}: {self.check.message} First: {self.example}"


@cache
def discover() -> Mapping[str, Check]:
    """All checks by name, errors first."""
    folder = resources.files("spanledger_warehouse") / "sql" / "checks"
    found = [
        _read(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    found.sort(key=lambda check: (SEVERITIES.index(check.severity), check.name))
    return {check.name: check for check in found}


def run_check(
    connection: duckdb.DuckDBPyConnection, check: Check, *, run_id: str, now: datetime
) -> CheckResult:
    """Run a check and record what it found."""
    row = connection.execute(
        f"select cast(coalesce(sum(weight), 0) as bigint), min(example) from ({check.sql}) as found"
    ).fetchone()
    result = CheckResult(check, int(row[0]) if row else 0, row[1] if row else None)
    connection.execute(
        "insert into ops.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run_id,
            check.name,
            check.table,
            check.severity,
            result.violations,
            result.example,
            check.message,
            check.what_to_do,
            now,
        ],
    )
    return result


def recorded(connection: duckdb.DuckDBPyConnection, check: Check, run_id: str) -> CheckResult | None:
    """What the check found in this run, if it ran."""
    row = connection.execute(
        "select violations, example from ops.check_results where run_id = ? and check_name = ?",
        [run_id, check.name],
    ).fetchone()
    return CheckResult(check, int(row[0]), row[1]) if row else None


def _read(name: str, text: str) -> Check:
    keys: dict[str, str] = {}
    message: list[str] = []
    lines = text.splitlines()
    header = [line for line in lines if line.startswith("-- ")]
    for line in header:
        key, separator, value = line.removeprefix("-- ").partition(": ")
        if separator and key in {"grain", "table", "severity", "todo"}:
            keys[key] = value
        else:
            message.append(line.removeprefix("-- "))
    if keys.get("severity") not in SEVERITIES or not {"table", "todo"} <= keys.keys():
        raise ModelError(
            f"sql/checks/{name}.sql: the header needs table, severity ({', '.join(SEVERITIES)}) and todo"
        )
    sql = "\n".join(lines[len(header) :]).strip().removesuffix(";")
    return Check(name, keys["table"], keys["severity"], " ".join(message), keys["todo"], sql)
