"""`spanledger prices set`, `end`, `correct`: the right seed line and its commit, after the gate."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import SETUP, Source, fail, print_json, read

if TYPE_CHECKING:
    from collections.abc import Callable

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
    app.command("set", epilog=SET_EXAMPLE)(_editing(set_))
    app.command("end", epilog=END_EXAMPLE)(_editing(end))
    app.command("correct", epilog=CORRECT_EXAMPLE)(_editing(correct))


def _common(
    evidence: Evidence,
    reason: Reason,
    provider: Provider = "",
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
    """The options that every edit has: on what grounds, which price, and what to do with the lines."""


def _editing(edit: Callable[..., Edit]) -> Callable[..., None]:
    """A command from a function that makes an edit: it gets the common options, the seeds, and commits the edit."""

    @functools.wraps(edit)
    def command(model: str, **given: Any) -> None:
        from spanledger_warehouse.seeds.editing import Offer

        offer = Offer(model, *(given.pop(name) for name in ("provider", "region", "window", "tier_above")))
        stated = _stated(*(given.pop(name) for name in ("evidence", "evidence_date", "basis", "note")))
        catalogue = _catalogue(given.pop("source"))
        finish = {name: given.pop(name) for name in ("reason", "no_commit", "dry_run", "as_json")}
        _finish(edit(catalogue, offer, stated, **given), **finish)

    own = list(inspect.signature(edit).parameters.values())[3:]
    model = inspect.Parameter("model", inspect.Parameter.KEYWORD_ONLY)
    shared = inspect.signature(_common).parameters.values()
    hints = {
        **get_type_hints(_common, include_extras=True),
        **_hints_of(edit),
        "model": Model,
        "return": None,
    }
    parameters = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in (model, *own, *shared)]
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [item.replace(annotation=hints[item.name]) for item in parameters]
    )
    command.__annotations__ = hints
    return command


def _hints_of(edit: Callable[..., Edit]) -> dict[str, Any]:
    """The types of the options that an edit has of its own; those of the seeds are not loaded yet."""
    names = dict.fromkeys(("Catalogue", "Edit", "Offer", "Stated"), Any)
    return get_type_hints(edit, localns=names, include_extras=True)


def set_(
    catalogue: Catalogue,
    offer: Offer,
    stated: Stated,
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
    context: Context = "standard",
    per: Annotated[int | None, typer.Option(help="For how many units; must be that of units.csv.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217; by default that of the price before.")] = "",
    change_kind: Annotated[
        str,
        typer.Option(help="launch, price_change, promotion_end or backfill; by default as the history says."),
    ] = "",
) -> Edit:
    """Set prices from an instant on: a new price, a new model, or one that is announced for later."""
    from spanledger_warehouse.seeds import editing

    return editing.set_prices(
        catalogue,
        offer,
        _amounts(amounts, context),
        editing.instant(starts),
        stated,
        per=per,
        currency=currency,
        change_kind=change_kind,
    )


def end(
    catalogue: Catalogue,
    offer: Offer,
    stated: Stated,
    at: Annotated[
        str, typer.Option("--at", metavar="INSTANT", help="First instant at which it holds no more.")
    ],
    units: Annotated[
        list[str] | None,
        typer.Argument(metavar="[UNIT]…", help="Only these units; by default all of the model."),
    ] = None,
    context: Annotated[str, typer.Option(help="Only this context; by default all.")] = "",
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Take back prices announced for --at that never came into force."),
    ] = False,
) -> Edit:
    """End prices at an instant, or withdraw announced ones. Usage after it is unpriced, never 0."""
    from spanledger_warehouse.seeds import editing

    contexts = [context] if context else ()
    return editing.end_prices(
        catalogue, offer, units or (), editing.instant(at), stated, contexts=contexts, withdraw=withdraw
    )


def correct(
    catalogue: Catalogue,
    offer: Offer,
    stated: Stated,
    unit: Annotated[
        str,
        typer.Argument(
            metavar="[UNIT]",
            help="A unit of units.csv, or UNIT@CONTEXT; left out, only the grounds (--evidence, --basis) of all "
            "prices of the model from --from are corrected.",
        ),
    ] = "",
    price: Annotated[
        str,
        typer.Argument(metavar="[PRICE]", help="The right price; left out, the amount stays."),
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
    context: Context = "standard",
) -> Edit:
    """Correct a price that was wrong; the wrong row stays, and the new one supersedes it."""
    from spanledger_warehouse.seeds import correcting
    from spanledger_warehouse.seeds.editing import instant

    begins = instant(starts) if starts is not None else None
    if not unit:
        if begins is None or moved_to is not None:
            fail("name the UNIT to correct; without one, --from says whose grounds are corrected", SETUP)
        return correcting.correct_grounds(catalogue, offer, stated, begins)
    moved = instant(moved_to) if moved_to is not None else None
    amount = _amount(unit, price, context)
    return correcting.correct_price(catalogue, offer, amount, stated, starts=begins, moved_to=moved)


def _catalogue(source: Path | None) -> Catalogue:
    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.seeds.source import PACKAGED

    files = read(source, None, uncommitted=True)
    if files.state == PACKAGED:
        fail(
            "the seeds shipped with spanledger are not to be edited; make your own with "
            "`spanledger prices init DIR`, or name a checkout with --source",
            SETUP,
        )
    return parse(files)


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
    if written.branch == editing_commit.NO_BRANCH:
        typer.echo("HEAD is detached, where a commit gets lost: keep it with `git switch -c NAME`", err=True)


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
