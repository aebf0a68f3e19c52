"""`spanledger prices diff` and `log`: a change for its reviewer, and the audit trail for whoever asks later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import (
    Ref,
    Source,
    Uncommitted,
    changed_states,
    fail,
    print_json,
    print_table,
    read,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from spanledger_warehouse.seeds.comparing import Comparison
    from spanledger_warehouse.seeds.trail import Entry

DIFF_EXAMPLE = "Example: spanledger prices diff origin/main HEAD --markdown"
LOG_EXAMPLE = "Example: spanledger prices log gpt-4o --csv > audit.csv"
LOG_COLUMNS = (
    "commit",
    "committed_at",
    "authored_at",
    "author",
    "committer",
    "signature",
    "approval",
    "action",
    "tenant",
    "provider",
    "model",
    "unit",
    "context",
    "region",
    "window",
    "tier_above",
    "old_price",
    "new_price",
    "currency",
    "per",
    "effective_from",
    "effective_to",
    "lag_days",
    "summary",
    "reason",
    "evidence_url",
    "evidence_date",
    "basis",
    "price_id",
    "supersedes",
    "superseded_by",
    "file",
    "line",
)


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command(epilog=DIFF_EXAMPLE)(diff)
    app.command(epilog=LOG_EXAMPLE)(log)


def diff(
    base: Annotated[
        str | None,
        typer.Argument(metavar="[BASE]", help="What is to be changed; by default the default branch."),
    ] = None,
    head: Annotated[
        str | None, typer.Argument(metavar="[HEAD]", help="With the change; by default the folder as it is.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a table for a pull request.")] = False,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Show what a change does to prices: old → new, %, effective, evidence."""
    from spanledger_warehouse.seeds.comparing import HEADINGS, cells, compare
    from spanledger_warehouse.seeds.comparing import markdown as as_markdown

    comparison = compare(*changed_states(source, base, head))
    if as_json:
        print_json(_as_object(comparison))
        return
    if markdown:
        typer.echo(as_markdown(comparison), nl=False)
        return
    if comparison.changes:
        print_table(list(HEADINGS), [list(cells(change)) for change in comparison.changes])
    for row in comparison.removed:
        typer.echo(f"{row.place}: REMOVED: {row.in_words()} {row.price} (prices are only ever added)")
    for other in comparison.others:
        typer.echo(f"{other.file}: {len(other.added)} line(s) more, {len(other.removed)} line(s) less")
    if comparison.is_empty:
        typer.echo("no price changes")


def log(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Only this model, as the provider names it.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider.")] = None,
    late: Annotated[
        bool, typer.Option("--late", help="Only changes recorded after they took effect.")
    ] = False,
    source: Source = None,
    ref: Ref = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with all columns.")] = False,
) -> None:
    """Print the audit trail: who changed which price, when, why, on what evidence, with whose approval."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.seeds.trail import trail

    entries = [
        entry
        for entry in trail(parse(read(source, ref, uncommitted=uncommitted)).require())
        if model in (None, entry.record.row.model)
        and provider in (None, entry.record.row.provider)
        and not (late and (entry.lag is None or entry.lag.total_seconds() <= 0))
    ]
    if not entries and not late:
        fail(f"no price of {model or provider or 'any model'} was ever set; see `spanledger prices list`")
    facts = [_facts(entry) for entry in entries]
    if as_json:
        print_json(facts)
    elif as_csv:
        rows = [[fact[column] for column in LOG_COLUMNS] for fact in facts]
        typer.echo(rendering.to_csv(LOG_COLUMNS, rows), nl=False)
    else:
        columns = [
            "committed",
            "commit",
            "author",
            "approval",
            "signature",
            "lag",
            "change",
            "effective",
            "reason",
        ]
        print_table(columns, [_shown(entry) for entry in entries])


def _as_object(comparison: Comparison) -> dict[str, object]:
    return {
        "base": comparison.base.source.commit,
        "head": comparison.head.source.commit,
        "changes": [
            {
                **{
                    name: getattr(change.record.row, name)
                    for name in ("provider", "model", "unit", "context")
                },
                **{
                    name: getattr(change.record.row, name)
                    for name in ("region", "tier_above", "currency", "per")
                },
                "action": change.record.action,
                "old_price": change.record.old_price,
                "new_price": change.record.new_price,
                "percent": change.percent,
                "effective_from": change.record.row.effective_from.isoformat(),
                "change_kind": change.record.row.change_kind,
                "evidence_url": change.record.row.evidence_url,
                "evidence_date": change.record.row.evidence_date,
                "basis": change.record.row.basis,
                "note": change.record.row.note,
                "summary": change.record.summary,
                "price_id": change.record.price_id,
                "place": change.record.row.place,
            }
            for change in comparison.changes
        ],
        "removed": [{"price_id": row.price_id, "place": row.place} for row in comparison.removed],
        "others": [
            {"file": other.file, "added": list(other.added), "removed": list(other.removed)}
            for other in comparison.others
        ],
    }


def _facts(entry: Entry) -> dict[str, object]:
    record, row, origin = entry.record, entry.record.row, entry.record.provenance
    values: dict[str, object] = {
        "commit": origin.commit,
        "committed_at": origin.committed_at.isoformat() if origin.committed_at else None,
        "authored_at": origin.authored_at.isoformat() if origin.authored_at else None,
        "author": origin.author,
        "committer": origin.committer,
        "signature": entry.signature,
        "approval": entry.approval,
        "action": record.action,
        "old_price": record.old_price,
        "new_price": record.new_price,
        "effective_from": row.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        "tenant": record.tenant or None,
        "evidence_date": record.evidence_date,
        "lag_days": entry.lag.days if entry.lag is not None else None,
        "summary": record.summary,
        "reason": origin.reason,
        "price_id": record.price_id,
        "supersedes": row.supersedes or None,
        "superseded_by": entry.superseded_by,
        "file": origin.file,
        "line": origin.line,
    }
    return {column: values[column] if column in values else getattr(row, column) for column in LOG_COLUMNS}


def _shown(entry: Entry) -> list[str]:
    row, origin = entry.record.row, entry.record.provenance
    committed = f"{origin.committed_at:%Y-%m-%d}" if origin.committed_at else "not yet"
    return [
        committed,
        (origin.commit or "")[:12],
        (origin.author or "").partition(" <")[0],
        entry.approval,
        entry.signature,
        _lag(entry.lag),
        entry.record.title,
        f"{row.effective_from:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
        origin.reason,
    ]


def _lag(lag: timedelta | None) -> str:
    if lag is None:
        return ""
    days = lag.days
    return f"{days} d late" if days > 0 else f"{-days} d ahead" if days < 0 else "same day"
