"""`spanledger prices import`: price facts from a permissively licensed table, for models that the seeds lack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import SETUP, Source, fail, print_json, read

if TYPE_CHECKING:
    from spanledger_warehouse.seeds.importing import Plan

EXAMPLE = "Example: spanledger prices import data.json --table genai-prices --provider mistral --dry-run"
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("import", epilog=EXAMPLE)(import_)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The table's JSON file.")],
    table: Annotated[str, typer.Option(help="litellm, genai-prices or model-prices.")],
    provider: Annotated[
        list[str] | None, typer.Option(help="Only this provider, by its name here; may be repeated.")
    ] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only this model; may be repeated.")] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="INSTANT",
            help="From when prices are taken to hold whose start the table does not say; the note says so.",
        ),
    ] = "2026-01-01",
    evidence_date: Annotated[
        str | None, typer.Option(metavar="DAY", help="When the table was read; by default today.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be added; write nothing.")
    ] = False,
    source: Source = None,
    as_json: AsJson = False,
) -> None:
    """Take over prices of models that have none here, as one commit. Known prices are compared and never touched.

    What is taken over says so: basis third_party unless the table quotes the provider's own page, the table as
    evidence, and in the note that it is an import and whether its first day is known.
    """
    from datetime import UTC, date, datetime

    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.seeds.editing import instant
    from spanledger_warehouse.seeds.editing_commit import commit_files, gate
    from spanledger_warehouse.seeds.importing import read_price_table, take_over

    if not file.is_file():
        fail(f"{file} is no file; name the table's JSON file", SETUP)
    try:
        read_on = date.fromisoformat(evidence_date) if evidence_date else datetime.now(UTC).date()
    except ValueError:
        fail(f"--evidence-date {evidence_date!r} is not a day; write it like 2026-11-24", SETUP)
    plan = take_over(
        parse(read(source, None, uncommitted=True)),
        read_price_table(table, file.read_bytes()),
        since=instant(since),
        read_on=read_on,
        providers=provider or (),
        models=model or (),
    )
    gate(plan.edit)
    commit = None
    if not dry_run:
        changed = {name: plan.edit.after.files[name] for name in plan.edit.files}
        commit = commit_files(plan.edit.before.source, changed, _message(plan, table))
    if as_json:
        print_json(_as_object(plan, commit))
    else:
        _print(plan, commit)


def _message(plan: Plan, table: str) -> str:
    pages = dict.fromkeys(row.evidence_url for row in plan.edit.rows)
    trailers = [f"Price-Change: {provider}/{model}" for provider, model in plan.models]
    trailers += [f"Reason: one-time import of facts from {table}", *(f"Evidence: {page}" for page in pages)]
    subject = f"Take over {len(plan.edit.rows)} prices of {len(plan.models)} models from {table}"
    return "\n".join([subject, "", *trailers]) + "\n"


def _as_object(plan: Plan, commit: str | None) -> dict[str, object]:
    return {
        "commit": commit,
        "prices": len(plan.edit.rows),
        "models": [f"{provider}/{model}" for provider, model in plan.models],
        "differing": list(plan.differing),
        "left": dict(plan.left),
    }


def _print(plan: Plan, commit: str | None) -> None:
    for provider, model in plan.models:
        rows = [row for row in plan.edit.rows if (row.provider, row.model) == (provider, model)]
        basis = "/".join(sorted({row.basis for row in rows}))
        typer.echo(f"{provider} {model}: {len(rows)} prices ({basis})")
    for text in plan.differing[:_SHOWN]:
        typer.echo(f"differs: {text}")
    if len(plan.differing) > _SHOWN:
        typer.echo(f"differs: {len(plan.differing) - _SHOWN} more; --json has all")
    for what, count in sorted(plan.left.items(), key=lambda item: -item[1])[:_SHOWN]:
        typer.echo(f"left out: {what}: {count}")
    done = f"commit {commit[:12]}" if commit else "nothing is written"
    typer.echo(f"{len(plan.edit.rows)} prices of {len(plan.models)} models; {done}")
