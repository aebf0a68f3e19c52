"""`spanledger prices check`, `list`, `show`: the gate, what is priced, the history of one model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import (
    WRONG,
    Ref,
    Source,
    Uncommitted,
    fail,
    print_json,
    print_table,
    read,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from spanledger_warehouse.seeds import Finding, SeedFiles
    from spanledger_warehouse.seeds.provenance import AuditRecord

CHECK_EXAMPLE = "Example: spanledger prices check --source pricing_seeds --base origin/main"
# Columns of a price row that the JSON of `show` words or names differently.
_SHOWN_APART = ("file", "line", "price_id", "unit_price", "price", "effective_from", "effective_to")


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command(epilog=CHECK_EXAMPLE)(check)
    app.command("list", epilog="Example: spanledger prices list --provider anthropic")(list_models)
    app.command(epilog="Example: spanledger prices show claude-sonnet-4-5")(show)


def check(
    source: Source = None,
    ref: Annotated[
        str | None, typer.Option(metavar="REF", help="Check this commit; by default the folder as it is.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The branch to be merged into; none of its lines may go."),
    ] = None,
    tip: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="A commit recorded elsewhere that the history must still hold."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the seeds before they are merged: every finding with its file, line and fix."""
    from spanledger_warehouse.seeds.check import check as check_seeds
    from spanledger_warehouse.seeds.trail import check_tip

    files = read(source, ref, uncommitted=ref is None)
    findings = check_seeds(files, base if not _is_private(source) else None)
    lost = any(finding.rule == "append-only" and finding.is_error for finding in findings)
    replayed, differing = _history(files, lost=lost)
    if tip:
        differing += check_tip(files.private if _is_private(source) and files.private else files, tip)
    findings = sorted([*findings, *differing], key=lambda finding: (finding.file, finding.line, finding.rule))
    errors = [finding for finding in findings if finding.is_error]
    if as_json:
        print_json(
            {
                "source": files.source,
                "commit": files.commit,
                "state": files.state,
                "ok": not errors,
                "replayed": replayed,
                "findings": [_finding(finding) for finding in findings],
            }
        )
    else:
        _print_findings(findings, len(errors), files)
        if replayed and not differing and not lost:
            typer.echo(f"replaying the log of {replayed} price lines gives the current table, byte for byte")
    raise typer.Exit(WRONG if errors else 0)


def list_models(
    provider: Annotated[str | None, typer.Option(help="Only this provider.")] = None,
    source: Source = None,
    ref: Ref = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
) -> None:
    """List the models with their prices of today: input, cached, output, per 1M tokens."""
    from datetime import UTC, datetime

    from spanledger_warehouse.seeds import parse

    now = datetime.now(UTC)
    models: dict[tuple[str, str], dict[str, str]] = {}
    for period in parse(read(source, ref, uncommitted=uncommitted)).require().price_periods():
        row = period.row
        plain = (row.context, row.region, row.window, row.tier_above) == ("standard", "global", "", 0)
        if plain and period.holds_at(now) and provider in (None, row.provider):
            models.setdefault((row.provider, row.model), {})[row.unit] = f"{row.price} {row.currency}"
    if not models:
        fail(f"no price{f' of provider {provider!r}' if provider else ''} is in force now")
    if as_json:
        print_json([{"provider": name, "model": model, **units} for (name, model), units in models.items()])
        return
    columns = ("input", "cache_read", "output")
    rows = [
        [name, model, *(units.get(unit, "") for unit in columns)]
        for (name, model), units in sorted(models.items())
    ]
    print_table(["provider", "model", *columns], rows, amounts=len(columns))


def show(
    model: Annotated[str, typer.Argument(help="The model, as the provider names it, or an alias.")],
    provider: Annotated[str | None, typer.Option(help="Only this provider.")] = None,
    source: Source = None,
    ref: Ref = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
) -> None:
    """Show every price a model ever had: since when, how much, who set it, on what evidence."""
    from datetime import UTC, datetime

    from spanledger_warehouse.seeds import parse, resolve
    from spanledger_warehouse.seeds.aliases import similar
    from spanledger_warehouse.seeds.provenance import audit

    files = read(source, ref, uncommitted=uncommitted)
    catalogue = parse(files).require()
    priced = {(row.provider, row.model) for row in catalogue.prices}
    providers = sorted({name for name, _ in priced}) if provider is None else [provider]
    now = datetime.now(UTC)
    targets = {resolve(name, model, now, priced, catalogue.aliases) for name in providers}
    records = [record for record in audit(catalogue) if (record.row.provider, record.row.model) in targets]
    if not records:
        near = similar(model, (name for _, name in priced))
        hint = f"; similar: {', '.join(near)}" if near else "; see `spanledger prices list`"
        fail(f"no model {model!r} has a price{hint}")
    order = {unit.unit: place for place, unit in enumerate(catalogue.units)}

    def place(record: AuditRecord) -> tuple[object, ...]:
        row = record.row
        special = (row.context != "standard", row.context, row.region, row.window)
        return (row.provider, *special, row.tier_above, order[row.unit], row.effective_from)

    records.sort(key=place)
    if as_json:
        print_json([_record(record) for record in records])
        return
    ends = {period.row.price_id: period.ends for period in catalogue.price_periods()}
    columns = ["price", "from", "until", "amount", "per", "change", "basis", "set by", "commit", "price_id"]
    print_table(columns, [_cells(record, ends) for record in records])


def _is_private(source: Path | None) -> bool:
    """Whether the private repository was named: `--base` and `--tip` are of it, and its files may be edited."""
    from spanledger_warehouse.seeds.private import is_private

    return source is not None and is_private(source)


def _history(files: SeedFiles, *, lost: bool) -> tuple[int, list[Finding]]:
    """How many lines the log replays, and what is wrong with it; a cut-off history is a finding already."""
    from spanledger_warehouse.seeds import SeedError, parse
    from spanledger_warehouse.seeds.history import require_full_history
    from spanledger_warehouse.seeds.trail import replay, replays

    try:
        if files.repository is not None:
            require_full_history(files.repository)
        replayed = 0 if lost else replays(files)
        findings: list[Finding] = []
        if not replayed:
            replayed, findings = replay(parse(files))
    except SeedError:
        return 0, []
    return replayed, findings


def _print_findings(findings: Sequence[Finding], errors: int, files: SeedFiles) -> None:
    from spanledger_warehouse.reading.published import short_commit

    for finding in findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        typer.echo(f"{place}: {finding.severity}: {finding.message} [{finding.rule}]")
        typer.echo(f"    fix: {finding.fix}")
    warnings = len(findings) - errors
    verdict = f"{errors} error(s), {warnings} warning(s)" if findings else "no findings"
    typer.echo(f"{files.source} at {short_commit(files.commit)} ({files.state}): {verdict}")


def _finding(finding: Finding) -> dict[str, object]:
    names = ("file", "line", "severity", "rule", "message", "fix")
    return {name: getattr(finding, name) for name in names}


def _record(record: AuditRecord) -> dict[str, object]:
    row, origin = record.row, record.provenance
    names = [name for name in row.__dataclass_fields__ if name not in _SHOWN_APART]
    return {
        "price_id": record.price_id,
        "action": record.action,
        "summary": record.summary,
        "effective_from": row.effective_from.isoformat(),
        "effective_to": row.effective_to.isoformat() if row.effective_to else None,
        "old_price": record.old_price,
        "new_price": record.new_price,
        **{name: getattr(row, name) for name in names},
        "file": origin.file,
        "line": origin.line,
        "commit": origin.commit,
        "author": origin.author,
        "committed_at": origin.committed_at.isoformat() if origin.committed_at else None,
        "reason": origin.reason,
        "approver": origin.approver,
    }


def _day(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if instant is not None else ""


def _cells(record: AuditRecord, ends: Mapping[str, datetime | None]) -> list[str]:
    row, origin = record.row, record.provenance
    subject = row.in_words().removeprefix(f"{row.provider} ")
    amount = f"{row.price} {row.currency}" if record.new_price is not None else "ended"
    since, until = _day(row.effective_from), _day(ends.get(row.price_id))
    if row.price_id not in ends:
        until = "superseded" if record.new_price is not None else until
    author = (origin.author or "").partition(" <")[0]
    commit = (origin.commit or "")[:12]
    return [
        subject,
        since,
        until,
        amount,
        str(row.per),
        record.action,
        row.basis,
        author,
        commit,
        row.price_id,
    ]
