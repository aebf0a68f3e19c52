"""`spanledger prices set`, `end`, `correct`: the right seed line and its commit, after the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import SETUP, Source, fail, print_json, read

if TYPE_CHECKING:
    from datetime import datetime

    from spanledger_warehouse.seeds.catalogue import Catalogue
    from spanledger_warehouse.seeds.editing import Amount, Edit, Offer, Stated
    from spanledger_warehouse.seeds.editing_commit import Written

SET_EXAMPLE = (
    "Example: spanledger prices set gpt-4o input 2.25 input@batch 1.125 --from 2026-12-01 "
    "--evidence https://developers.openai.com/api/docs/pricing --reason 'announced on 2026-11-20'"
)
END_EXAMPLE = (
    "Example: spanledger prices end gpt-4o --at 2027-01-01 --evidence https://developers.openai.com/api/docs/"
    "deprecations --reason 'retired'"
)
CORRECT_EXAMPLE = (
    "Example: spanledger prices correct gpt-4o input 2.50 --from 2024-10-02 "
    "--evidence https://developers.openai.com/api/docs/pricing --reason 'was typed as 2.25'"
)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model, as the provider names it.")]
Evidence = Annotated[str, typer.Option(metavar="URL", help="Where the price is stated.")]
EvidenceDate = Annotated[
    str | None, typer.Option(metavar="DAY", help="When it was read there; by default today.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept in the commit.")]
Basis = Annotated[
    str, typer.Option(help="How it is known: documented, first_observed, third_party or contract.")
]
Note = Annotated[str, typer.Option(metavar="TEXT", help="For people; a jump beyond 3x needs one.")]
Provider = Annotated[
    str, typer.Option(help="Who bills; needed for a new model, or where several price the model.")
]
Context = Annotated[str, typer.Option(help="standard, batch, flex, priority …")]
Region = Annotated[str, typer.Option(help="Region or residency; global is everywhere.")]
Window = Annotated[str, typer.Option(help="A time of day of windows.csv.")]
TierAbove = Annotated[int, typer.Option(min=0, help="For requests with more input tokens than this.")]
NoCommit = Annotated[bool, typer.Option("--no-commit", help="Write the line and leave the commit to you.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the diff and the message; write nothing.")]


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command("set", epilog=SET_EXAMPLE)(set_)
    app.command("end", epilog=END_EXAMPLE)(end)
    app.command("correct", epilog=CORRECT_EXAMPLE)(correct)


def set_(
    model: Model,
    amounts: Annotated[
        list[str],
        typer.Argument(
            metavar="UNIT PRICE [UNIT PRICE]…", help="A unit of units.csv, or UNIT@CONTEXT, and its price."
        ),
    ],
    starts: Annotated[
        str,
        typer.Option("--from", metavar="INSTANT", help="First instant in force; a day is its start in UTC."),
    ],
    evidence: Evidence,
    reason: Reason,
    provider: Provider = "",
    context: Context = "standard",
    region: Region = "global",
    window: Window = "",
    tier_above: TierAbove = 0,
    per: Annotated[int | None, typer.Option(help="For how many units; must be that of units.csv.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217; by default that of the price before.")] = "",
    change_kind: Annotated[
        str,
        typer.Option(help="launch, price_change, promotion_end or backfill; by default as the history says."),
    ] = "",
    evidence_date: EvidenceDate = None,
    basis: Basis = "documented",
    note: Note = "",
    no_commit: NoCommit = False,
    dry_run: DryRun = False,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Set prices from an instant on: a new price, a new model, or one that is announced for later."""
    from spanledger_warehouse.seeds import editing

    catalogue = _catalogue(source)
    edit = editing.set_prices(
        catalogue,
        _offer(model, provider, region, window, tier_above),
        _amounts(amounts, context),
        editing.instant(starts),
        _stated(evidence, evidence_date, basis, note),
        per=per,
        currency=currency,
        change_kind=change_kind,
    )
    _finish(edit, reason, no_commit=no_commit, dry_run=dry_run, as_json=as_json)


def end(
    model: Model,
    at: Annotated[
        str, typer.Option("--at", metavar="INSTANT", help="First instant at which it holds no more.")
    ],
    evidence: Evidence,
    reason: Reason,
    units: Annotated[
        list[str] | None,
        typer.Argument(metavar="[UNIT]…", help="Only these units; by default all of the model."),
    ] = None,
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Take back prices announced for --at that never came into force."),
    ] = False,
    provider: Provider = "",
    context: Annotated[str, typer.Option(help="Only this context; by default all.")] = "",
    region: Region = "global",
    window: Window = "",
    tier_above: TierAbove = 0,
    evidence_date: EvidenceDate = None,
    basis: Basis = "documented",
    note: Note = "",
    no_commit: NoCommit = False,
    dry_run: DryRun = False,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """End prices at an instant, or withdraw announced ones. Usage after it is unpriced, never 0."""
    from spanledger_warehouse.seeds import editing

    edit = editing.end_prices(
        _catalogue(source),
        _offer(model, provider, region, window, tier_above),
        units or (),
        editing.instant(at),
        _stated(evidence, evidence_date, basis, note),
        contexts=[context] if context else (),
        withdraw=withdraw,
    )
    _finish(edit, reason, no_commit=no_commit, dry_run=dry_run, as_json=as_json)


def correct(
    model: Model,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="A unit of units.csv, or UNIT@CONTEXT.")],
    evidence: Evidence,
    reason: Reason,
    price: Annotated[
        str,
        typer.Argument(metavar="[PRICE]", help="The right price; left out, only the instant is corrected."),
    ] = "",
    starts: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="INSTANT", help="From when the wrong row holds; by default today's price."
        ),
    ] = None,
    moved_to: Annotated[
        str | None,
        typer.Option("--moved-to", metavar="INSTANT", help="The instant from which it really held."),
    ] = None,
    provider: Provider = "",
    context: Context = "standard",
    region: Region = "global",
    window: Window = "",
    tier_above: TierAbove = 0,
    evidence_date: EvidenceDate = None,
    basis: Basis = "documented",
    note: Note = "",
    no_commit: NoCommit = False,
    dry_run: DryRun = False,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Correct a price that was wrong; the wrong row stays, and the new one supersedes it."""
    from spanledger_warehouse.seeds import editing

    edit = editing.correct_price(
        _catalogue(source),
        _offer(model, provider, region, window, tier_above),
        _amount(unit, price, context),
        _stated(evidence, evidence_date, basis, note),
        starts=_instant(starts),
        moved_to=_instant(moved_to),
    )
    _finish(edit, reason, no_commit=no_commit, dry_run=dry_run, as_json=as_json)


def _catalogue(source: object) -> Catalogue:
    from pathlib import Path

    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.seeds.source import PACKAGED

    files = read(source if isinstance(source, Path) else None, None, uncommitted=True)
    if files.state == PACKAGED:
        fail(
            "the seeds shipped with spanledger are not to be edited; make your own with "
            "`spanledger prices init DIR`, or name a checkout with --source",
            SETUP,
        )
    return parse(files)


def _offer(model: str, provider: str, region: str, window: str, tier_above: int) -> Offer:
    from spanledger_warehouse.seeds.editing import Offer

    return Offer(model, provider, region, window, tier_above)


def _stated(evidence: str, evidence_date: str | None, basis: str, note: str) -> Stated:
    from datetime import UTC, date, datetime

    from spanledger_warehouse.seeds.editing import Stated

    today = datetime.now(UTC).date()
    try:
        read_on = date.fromisoformat(evidence_date) if evidence_date else today
    except ValueError:
        fail(f"--evidence-date {evidence_date!r} is not a day; write it like {today}", SETUP)
    return Stated(evidence, read_on, basis, note)


def _amounts(words: list[str], context: str) -> list[Amount]:
    if len(words) % 2:
        fail(f"after the model come pairs of UNIT and PRICE; {words[-1]!r} has no partner", SETUP)
    return [_amount(unit, price, context) for unit, price in zip(words[::2], words[1::2], strict=True)]


def _amount(unit: str, price: str, context: str) -> Amount:
    from spanledger_warehouse.seeds.editing import Amount

    name, _, own_context = unit.partition("@")
    return Amount(name, price, own_context or context)


def _instant(text: str | None) -> datetime | None:
    from spanledger_warehouse.seeds import editing

    return editing.instant(text) if text is not None else None


def _finish(edit: Edit, reason: str, *, no_commit: bool, dry_run: bool, as_json: bool) -> None:
    from spanledger_warehouse.seeds import editing_commit

    if dry_run:
        warnings = editing_commit.gate(edit)
        written = editing_commit.Written(None, "", warnings)
    else:
        written = editing_commit.write(edit, reason, commit=not no_commit)
    if as_json:
        print_json(_as_object(edit, reason, written))
        return
    if dry_run:
        typer.echo(editing_commit.diff(edit), nl=False)
        typer.echo(f"\n{editing_commit.message(edit, reason)}", nl=False)
    for warning in written.warnings:
        typer.echo(str(warning), err=True)
    if dry_run:
        return
    for line in editing_commit.describe(edit):
        typer.echo(line)
    if written.commit is None:
        typer.echo(f"not committed. The message for it:\n\n{editing_commit.message(edit, reason)}", nl=False)
        return
    typer.echo(f"commit {written.commit[:12]} on {written.branch}; what it moves: spanledger prices impact")


def _as_object(edit: Edit, reason: str, written: Written) -> dict[str, object]:
    from spanledger_warehouse.seeds import editing_commit

    rows = [
        {"place": row.place, "price_id": row.price_id, "change_kind": row.change_kind} for row in edit.rows
    ]
    return {
        "commit": written.commit,
        "branch": written.branch,
        "rows": rows,
        "diff": editing_commit.diff(edit),
        "message": editing_commit.message(edit, reason),
        "warnings": [str(warning) for warning in written.warnings],
    }
