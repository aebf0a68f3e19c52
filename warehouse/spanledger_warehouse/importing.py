"""Brings usage logs of another system into the landing zone, as records: tables in CSV, Parquet or JSON lines.

A call's identity is that of its row (its id, else all its values), so a file may be imported again, or a later export
that holds the same rows: each call counts once. What the other system thought a call cost is kept as its reported cost;
what it costs is priced by the seeds, like any call.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from spanledger_warehouse.database import literal_path
from spanledger_warehouse.errors import LandingError
from spanledger_warehouse.landing.discovery import OPEN_SUFFIX
from spanledger_warehouse.settings import Home

SCOPE = "spanledger.import"
# What a column means, by the names that it goes by; the first that is there counts. `--column` names others.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "log_id", "uuid", "request_id"),
    "ended_at": ("ended_at", "created_at", "timestamp", "time", "logged_at"),
    "duration_ms": ("duration_ms", "latency_ms"),
    "tenant": ("tenant_id", "tenant", "organization_id"),
    "service": ("service", "service_name", "application"),
    "environment": ("environment",),
    "operation": ("operation", "operation_type", "feature"),
    "provider": ("provider",),
    "model": ("model", "model_name", "model_id"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "total_tokens": ("total_tokens",),
    "cache_read_tokens": ("cache_read_tokens", "cached_tokens"),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_tokens"),
    "reasoning_tokens": ("reasoning_tokens",),
    "success": ("success", "is_success"),
    "error_type": ("error_type", "error_code"),
    "error_message": ("error_message", "error"),
    "reported_cost": (
        "reported_cost",
        "estimated_cost_usd",
        "cost_usd",
        "estimated_cost",
        "total_cost",
        "cost",
    ),
    "reported_cost_currency": ("reported_cost_currency", "currency"),
    "metadata": ("request_metadata", "metadata"),
    "response_metadata": ("response_metadata",),
}
_REQUIRED = ("ended_at", "model")
_COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_TEXTS = ("tenant", "service", "environment", "operation", "provider", "error_message")
_NO = {"false", "f", "0", "no"}
_READERS = {".csv": "read_csv", ".tsv": "read_csv", ".parquet": "read_parquet", ".jsonl": "read_json"}


@dataclass
class Imported:
    """What an import did.

    Attributes:
        file: the landing file; None when no row could be taken.
        rows: rows of the table.
        calls: rows that became records.
        known: the landing zone had this very file already.
        columns: for each meaning, the column that it was read from.
        ignored: columns that were not read.
        refused: `file:row: reason` for every row that cannot be a call.
    """

    file: Path | None = None
    rows: int = 0
    calls: int = 0
    known: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    refused: list[str] = field(default_factory=list)


class RowRefusedError(ValueError):
    """A row that cannot be a call; the message says why."""


def import_file(
    file: Path,
    home: Home,
    *,
    source: str,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Imported:
    """Write a landing file with a record for each row.

    Args:
        file: `.csv`, `.tsv`, `.parquet` or `.jsonl`; times without a zone are UTC.
        home: whose landing zone.
        source: name of the other system; rows of one source are told apart by their ids.
        columns: meaning → column, where the names of `COLUMNS` do not fit.
        defaults: meaning → value for rows without one, such as the provider.

    Raises:
        LandingError: the file cannot be read, or has no column for what a call needs.
    """
    rows, names = _read(file)
    result = Imported(columns=_mapping(file, names, columns or {}, defaults or {}))
    result.ignored = tuple(name for name in names if name not in result.columns.values())
    lines = list(_lines(file, rows, result, source, defaults or {}))
    if lines:
        _write(home, source, "".join(lines).encode(), result)
    return result


def _read(file: Path) -> tuple[Iterator[dict[str, str | None]], list[str]]:
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise LandingError(
            f"{file}: cannot import a {file.suffix or 'nameless'} file; give {', '.join(_READERS)}"
        )
    options = {
        "read_csv": ", all_varchar = true, header = true",
        "read_json": ", format = 'newline_delimited'",
    }
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    try:
        found = connection.execute(
            f"select * from {reader}(?{options.get(reader, '')})", [literal_path(file)]
        )
    except duckdb.Error as error:
        raise LandingError(f"{file} cannot be read: {error}; mend the file, or export it again") from error
    names = [column[0] for column in found.description or ()]
    return (
        {name: _text(cell) for name, cell in zip(names, row, strict=True)} for row in _fetched(found)
    ), names


def _fetched(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while rows := found.fetchmany(10_000):
        yield from rows


def _text(cell: object) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, dict | list):
        return json.dumps(cell, default=str)
    return str(cell)


def _mapping(
    file: Path, names: list[str], columns: Mapping[str, str], defaults: Mapping[str, str]
) -> dict[str, str]:
    unknown = [meaning for meaning in (*columns, *defaults) if meaning not in COLUMNS]
    absent = [column for column in columns.values() if column not in names]
    if unknown or absent:
        raise LandingError(
            f"{file}: "
            + (f"no meaning {unknown[0]!r}; known are {', '.join(COLUMNS)}" if unknown else "")
            + (f"no column {absent[0]!r}; it has {', '.join(names)}" if absent else "")
        )
    lower = {name.lower(): name for name in names}
    found = {
        meaning: next(lower[name] for name in known if name in lower)
        for meaning, known in COLUMNS.items()
        if any(name in lower for name in known)
    } | dict(columns)
    for meaning in _REQUIRED:
        if meaning not in found and meaning not in defaults:
            raise LandingError(
                f"{file} has no column for {meaning}; it has {', '.join(names)}: say --column {meaning}=NAME"
            )
    return found


def _lines(
    file: Path,
    rows: Iterator[dict[str, str | None]],
    result: Imported,
    source: str,
    defaults: Mapping[str, str],
) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows, start=1):
        result.rows += 1
        cells = ((meaning, row[column]) for meaning, column in result.columns.items())
        values = {meaning: cell for meaning, cell in cells if cell is not None}
        key = values.get("id") or json.dumps(row, sort_keys=True)
        # Rows without an id may be equal and still be two calls; the second is the second in every export.
        occurrence = seen[key] if "id" not in values else 0
        seen[key] += 1
        try:
            record = record_of({**defaults, **values}, f"{source}\n{key}\n{occurrence}")
        except RowRefusedError as error:
            result.refused.append(f"{file}:{number}: {error}")
            continue
        record["attributes"] = {
            "spanledger.import.source": source,
            "spanledger.import.row": values.get("id", str(number)),
        }
        result.calls += 1
        yield json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def record_of(values: Mapping[str, str], identity: str) -> dict[str, object]:
    """The span record of a row.

    Args:
        values: by meaning, as text.
        identity: what tells this call from every other.

    Raises:
        RowRefusedError: it has no time or no model, or a time that is none.
    """
    ended = _instant(values.get("ended_at"))
    if not values.get("model"):
        raise RowRefusedError("no model")
    digest = hashlib.sha256(identity.encode()).hexdigest()
    failed = values.get("success", "true").lower() in _NO or bool(values.get("error_type"))
    counts = {name: _count(values[name]) for name in _COUNTS if name in values}
    record: dict[str, object] = {
        "v": 1,
        "kind": "span",
        "trace_id": digest[:32],
        "span_id": digest[32:48],
        "scope": SCOPE,
        "start_time_unix_nano": ended - _duration(values.get("duration_ms")),
        "end_time_unix_nano": ended,
        "status_code": "error" if failed else "unset",
        "gen_ai_operation": "chat",
        "request_model": values["model"],
        "response_model": values["model"],
        **counts,
        "usage_status": _usage_status(values, counts),
        **{name: values[name] for name in _TEXTS if name in values},
        **{name: _object(values[name]) for name in ("metadata", "response_metadata") if name in values},
    }
    if failed:
        record["error_type"] = values.get("error_type", "error")
    if "reported_cost" in values:
        record["reported_cost"] = values["reported_cost"]
        record["reported_cost_currency"] = values.get("reported_cost_currency", "USD")
    return record


def _usage_status(values: Mapping[str, str], counts: Mapping[str, str]) -> str:
    """Tokens that do not sum to the total that stands beside them are not all that was used."""
    if not counts:
        return "missing"
    total, parts = values.get("total_tokens"), [counts.get("input_tokens"), counts.get("output_tokens")]
    if (
        total is not None
        and _count(total).isdigit()
        and all(part is None or part.isdigit() for part in parts)
    ):
        return "complete" if sum(int(part or 0) for part in parts) == int(_count(total)) else "partial"
    return "complete"


def _count(text: str) -> str:
    """A count as text; a table that kept whole numbers as floats wrote 1250.0."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text.strip())


def _object(text: str) -> str:
    try:
        return (
            json.dumps(parsed)
            if isinstance(parsed := json.loads(text), dict)
            else json.dumps({"value": parsed})
        )
    except ValueError:
        return json.dumps({"value": text})


def _instant(text: str | None) -> int:
    """Nanoseconds since 1970; of seconds, milliseconds, or an ISO time (UTC without a zone)."""
    if text is None:
        raise RowRefusedError("no time")
    if re.fullmatch(r"\d{10}|\d{13}", text):
        return int(text) * (1_000_000_000 if len(text) == 10 else 1_000_000)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RowRefusedError(
            f"the time {text!r} is neither ISO 8601 nor seconds nor milliseconds"
        ) from error
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _duration(text: str | None) -> int:
    if text is None or not re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return 0
    whole, _, part = text.partition(".")
    return int(whole) * 1_000_000 + int((part + "000000")[:6])


def _write(home: Home, source: str, content: bytes, result: Imported) -> None:
    name = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', source)}-{hashlib.sha256(content).hexdigest()[:16]}.jsonl"
    result.file = home.landing / "import" / name
    result.known = result.file.is_file()
    if result.known:
        return
    result.file.parent.mkdir(parents=True, exist_ok=True)
    partial = result.file.with_name(f".{name}{OPEN_SUFFIX}.part")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(result.file)
