"""The audit trail of what is agreed and not listed: uplifts, discounts, agreed prices and defaults, folded from git.

These files may be edited in place, so the fold reads what each commit took away as well as what it brought.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from spanledger_warehouse.seeds.canonical import canonical_decimal
from spanledger_warehouse.seeds.history import Commit, Person, first_parents, own_lines
from spanledger_warehouse.seeds.provenance import (
    NONE,
    AuditRecord,
    Provenance,
    approver,
    writers,
)
from spanledger_warehouse.seeds.rows import FILES, Adjustment, DefaultPrice, PriceRow
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.seeds.tables import columns_of, read_table
from spanledger_warehouse.seeds.vendor import own_name

_FILES = ("adjustments.csv", "defaults.csv")
_Agreed = Adjustment | DefaultPrice


def agreed_records(source: SeedFiles) -> list[AuditRecord]:
    """One record for every change of an agreed price or factor, oldest first; none without a history.

    Raises:
        SeedError: the history cannot be read.
    """
    if source.repository is None:
        return []
    head = source.commit.partition("+")[0]
    current = _places(source.files)
    known: dict[tuple[str, ...], PriceRow] = {}
    records: list[AuditRecord] = []
    for commit in first_parents(source.repository, head, source.prefix):
        added = [line for line in own_lines(commit.added, commit.removed) if own_name(line.file) in _FILES]
        removed = [line for line in own_lines(commit.removed, commit.added) if own_name(line.file) in _FILES]
        if not (added or removed):
            continue
        wrote = writers(source.repository, commit, source.prefix) if commit.is_merge else {}
        fresh: set[tuple[str, ...]] = set()
        for line in added:
            for row, tenant in _rows(line.file, line.text):
                author, at = wrote.get(line.text, (commit.author, commit.authored_at))
                place = current.get((line.file, line.text), line.line)
                origin = _origin(commit, author, at, line.file, place, row)
                records.append(_record(row, known.get(_key(row, tenant)), tenant, origin))
                fresh.add(_key(row, tenant))
                known[_key(row, tenant)] = row
        for line in removed:
            for row, tenant in _rows(line.file, line.text):
                if _key(row, tenant) not in fresh and known.pop(_key(row, tenant), None) is not None:
                    origin = _origin(commit, commit.author, commit.authored_at, line.file, 0, row)
                    records.append(_ended(row, tenant, origin))
    return records


def _places(files: Mapping[str, bytes]) -> dict[tuple[str, str], int]:
    return {
        (file, text): number
        for file, content in files.items()
        if own_name(file) in _FILES
        for number, text in enumerate(content.decode("utf-8", errors="replace").split("\n"), start=1)
    }


def _key(row: PriceRow, tenant: str) -> tuple[str, ...]:
    """What stays the same when an agreement changes: its name and scope."""
    return (
        own_name(row.file),
        row.window,
        tenant,
        row.provider,
        row.model,
        row.unit,
        row.context,
        row.region,
    )


def _rows(file: str, text: str) -> Iterator[tuple[PriceRow, str]]:
    """A line of these files as the price row that it amounts to, with its tenant; none for a header."""
    kind = FILES[own_name(file)]
    header = ",".join(columns_of(kind))
    if text.rstrip(",") == header:
        return
    for row in read_table(file, f"{header}\n{text}\n".encode(), kind, []):
        if isinstance(row, Adjustment | DefaultPrice):
            yield _as_price(row, text), row.tenant if isinstance(row, Adjustment) else ""


def _as_price(row: _Agreed, text: str) -> PriceRow:
    named = row if isinstance(row, Adjustment) else None
    value = row.price if named is None or named.factor is None else named.factor
    return PriceRow(
        file=row.file,
        line=row.line,
        provider=row.provider,
        model=named.model if named else "",
        unit=row.unit,
        context=named.context if named else "",
        region=named.region if named else "",
        window=named.adjustment if named else "default",
        tier_above=0,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        price=value if value is not None else Decimal(0),
        per=row.per or 1,
        currency=row.currency,
        change_kind=named.kind if named else "default",
        supersedes="",
        evidence_url=named.reference if named else "",
        evidence_date=date.min,
        basis="contract" if named and named.kind != "uplift" else "",
        note=row.note,
        price_id=f"{'a1' if named else 'd1'}-{hashlib.sha256(text.encode()).hexdigest()[:20]}",
    )


def _origin(commit: Commit, author: Person, at: datetime, file: str, line: int, row: PriceRow) -> Provenance:
    return Provenance(
        price_id=row.price_id,
        file=file,
        line=line,
        commit=commit.commit,
        author=str(author),
        authored_at=at,
        committer=str(commit.committer),
        committed_at=commit.committed_at,
        reason="; ".join(commit.trailers("Reason")) or NONE,
        approver=approver(commit, author),
    )


def _record(row: PriceRow, old: PriceRow | None, tenant: str, origin: Provenance) -> AuditRecord:
    until = f" until {row.effective_to:%Y-%m-%dT%H:%M:%SZ}" if row.effective_to else ""
    before = _value(old) if old else "none"
    if old is not None and _value(old) == _value(row) and until and not old.effective_to:
        summary, action = f"{_subject(row, tenant)}: {before} ends{until.replace('until', 'at')}", "end"
    else:
        summary, action = (
            f"{_subject(row, tenant)}: {before} → {_value(row)}{until}",
            "change" if old else "create",
        )
    previous = old.price if old else None
    return AuditRecord(row.price_id, action, row, previous, row.price, summary, origin, tenant)


def _ended(row: PriceRow, tenant: str, origin: Provenance) -> AuditRecord:
    summary = f"{_subject(row, tenant)}: {_value(row)} taken away"
    return AuditRecord(row.price_id, "end", row, row.price, None, summary, origin, tenant)


def _subject(row: PriceRow, tenant: str) -> str:
    scope = (tenant, row.provider, row.model, row.unit, row.context, row.region)
    named = row.change_kind if row.window == "default" else f"{row.change_kind} {row.window}"
    return f"{named} ({' '.join(part for part in scope if part) or 'everything'})"


def _value(row: PriceRow) -> str:
    if not row.currency:
        return f"factor {canonical_decimal(row.price)}"
    return f"{canonical_decimal(row.price)} {row.currency} per {row.per}"
