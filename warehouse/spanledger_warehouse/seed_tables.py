"""Writes the seeds of one commit into the tables of the `pricing` schema."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from spanledger_warehouse.database import sql_text
from spanledger_warehouse.pricing_tables import default_prices, engine_tables
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.provenance import Provenance
from spanledger_warehouse.seeds.rows import Attribution
from spanledger_warehouse.seeds.trail import Entry

FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, tzinfo=UTC)


def write_seeds(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    *,
    provenance: Mapping[str, Provenance],
    audit: Iterable[Entry],
    now: datetime,
) -> None:
    """Replace every seed table, inside the transaction of the caller.

    Args:
        connection: the warehouse, for writing.
        catalogue: the seeds; must have passed `require()`.
        provenance: commit of each price row, by price_id.
        audit: the audit trail.
        now: time of the run, naive UTC.
    """
    source = catalogue.source
    tables: dict[str, list[dict[str, Any]]] = {
        "pricing.prices": [*_prices(catalogue, provenance), *default_prices(catalogue)],
        "pricing.units": [_plain(unit) for unit in catalogue.units],
        "pricing.model_aliases": [
            {**_dated(alias), "pattern": alias.pattern or None, "target_model": alias.target_model or None}
            for alias in catalogue.aliases
        ],
        "pricing.rules": [
            {
                **_dated(rule),
                "model": rule.model or None,
                "unit": rule.unit or None,
                "price_instant": rule.billed_at,
            }
            for rule in catalogue.rules
        ],
        **engine_tables(catalogue),
        "pricing.tenants": [_dated(tenant) for tenant in catalogue.tenants],
        "pricing.attribution": [_attribution(rule) for rule in catalogue.attribution],
        "pricing.price_audit": [_audited(entry) for entry in audit],
        "pricing.seeds": [
            {
                "seeds_commit": source.commit,
                "seeds_state": source.state,
                "seeds_source": source.source,
                "seeds_digest": source.digest,
                "seeds_ref": source.ref,
                "loaded_at": now,
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        for table, rows in tables.items():
            _replace(connection, table, rows, Path(folder) / f"{table}.jsonl")
    connection.execute("delete from pricing.usd_prices")
    connection.execute(sql_text("seed_tables", "usd_prices"))


def _prices(catalogue: Catalogue, provenance: Mapping[str, Provenance]) -> Iterable[dict[str, Any]]:
    periods = {period.row.price_id: period for period in catalogue.price_periods()}
    for row in catalogue.prices:
        period = periods.get(row.price_id)
        origin = provenance.get(row.price_id)
        yield {
            **_plain(row),
            "price_window": row.window,
            "supersedes": row.supersedes or None,
            "in_force": period is not None,
            "valid_from": period.starts if period else row.effective_from,
            "valid_to": (period.ends if period else row.effective_from) or LAST_INSTANT,
            "seed_commit": origin.commit if origin else None,
            "seed_author": origin.author if origin else None,
            "committed_at": origin.committed_at if origin else None,
        }


def _audited(entry: Entry) -> dict[str, Any]:
    record, origin = entry.record, entry.record.provenance
    return {
        **_plain(record.row),
        "price_id": record.price_id,
        "action": record.action,
        "tenant_id": record.tenant or None,
        "evidence_date": record.evidence_date,
        "file": origin.file,
        "seed_line": origin.line,
        "price_window": record.row.window,
        "old_price": record.old_price,
        "new_price": record.new_price,
        "summary": record.summary,
        "supersedes": record.row.supersedes or None,
        "superseded_by": entry.superseded_by,
        "author": origin.author,
        "committer": origin.committer,
        "authored_at": origin.authored_at,
        "committed_at": origin.committed_at,
        "lag_seconds": int(entry.lag.total_seconds()) if entry.lag is not None else None,
        "commit_id": origin.commit,
        "signature": entry.signature,
        "reason": origin.reason,
        "approver": entry.approval,
    }


def _attribution(rule: Attribution) -> dict[str, Any]:
    asked = ("tenant", "service", "operation", "metadata_key", "metadata_value")
    scope = {name: getattr(rule, name) or None for name in asked}
    return {**_dated(rule), **scope, "specificity": sum(value is not None for value in scope.values())}


def _dated(row: Any) -> dict[str, Any]:
    return {
        **_plain(row),
        "valid_from": row.effective_from or FIRST_INSTANT,
        "valid_to": row.effective_to or LAST_INSTANT,
    }


def _plain(row: Any) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    if "line" in values:
        values["seed_line"] = values.pop("line")
    return values


def _replace(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]], file: Path
) -> None:
    columns = [(name, kind) for name, kind, *_ in connection.execute(f"describe {table}").fetchall()]
    connection.execute(f"delete from {table}")
    if not rows:
        return
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(
                json.dumps({name: _text(row.get(name)) for name, _ in columns}, ensure_ascii=False) + "\n"
            )
    shape = ", ".join(f"'{name}': 'VARCHAR'" for name, _ in columns)
    casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns)
    connection.execute(
        f"insert into {table} by name select {casts} "
        f"from read_json(?, format = 'newline_delimited', columns = {{{shape}}})",
        [str(file)],
    )


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case time():
            return value.isoformat()
        case datetime():
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return naive.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return str(value)
