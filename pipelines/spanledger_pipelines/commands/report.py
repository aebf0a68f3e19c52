"""`spanledger report`: the documented questions, answered from the published file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

if TYPE_CHECKING:
    from rich.table import Table

    from spanledger_warehouse.reading.reports import Answer

EPILOG = "Example: spanledger report models --tenant acme --days 7"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("report", epilog=EPILOG)(report)


def report(
    question: Annotated[
        str, typer.Argument(metavar="[daily|models|operations|calls|failed|unpriced]", show_default=False)
    ] = "daily",
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Only the last days that the ledger knows.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many calls at most, where calls are listed.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with all columns.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the whole dashboard as one HTML file instead."),
    ] = None,
) -> None:
    """Answer a documented question: costs by day, model or operation; recent, failed or unpriced calls."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.reading.reports import ask
    from spanledger_warehouse.settings import load_settings

    published = load_settings(home).home.published_file
    if html is not None:
        _write_page(published, html, tenant, days)
        return
    answer = ask(published, question, tenant=tenant, days=days, at_most=limit)
    if as_json:
        typer.echo(rendering.to_json(as_object(answer)))
    elif as_csv:
        typer.echo(rendering.to_csv(answer.columns, answer.rows), nl=False)
    else:
        console = rendering.console()
        console.print(as_table(answer, console.width) if answer.rows else f"{answer.question.title}: none")
        console.print(footer(answer))
        for line in _what_to_do(answer, published):
            typer.echo(rendering.printable(line))


def _write_page(published: Path, file: Path, tenant: str | None, days: int | None) -> None:
    from spanledger_warehouse.dashboard.dataset import DAYS, Scope, dataset
    from spanledger_warehouse.dashboard.page import page
    from spanledger_warehouse.reading.published import open_published

    with open_published(published) as connection:
        data = dataset(connection, Scope(tenant=tenant, days=days or DAYS))
    file.write_text(page(data), encoding="utf-8")
    shown = data["scope"]
    typer.echo(f"{file}: {shown['first_day']} to {shown['last_day']}, opens from disk without a network")


def as_object(answer: Answer) -> dict[str, object]:
    """The answer for `--json`: rows with all columns, and the publication they come from."""
    from dataclasses import asdict

    return {
        "report": answer.question.name,
        "publication": asdict(answer.publication),
        "rows": list(answer.records()),
    }


def _what_to_do(answer: Answer, published: Path) -> list[str]:
    """Below unpriced usage: the command that prices each model."""
    from spanledger_warehouse.reading.unpriced import commands

    return commands(published) if answer.question.name == "unpriced" and answer.rows else []


def as_table(answer: Answer, width: int) -> Table:
    """The answer as a table for a terminal of this width; tenants apart; costs end in their exact total."""
    from spanledger_pipelines import rendering

    narrow = width < rendering.WIDE
    columns, rows = answer.shown(narrow=narrow)
    return rendering.table(
        columns, rows, title=answer.question.title, totals=answer.question.totals, narrow=narrow
    )


def footer(answer: Answer) -> str:
    """Which seeds and release the numbers come from."""
    made = answer.publication
    return f"version {made.version}, published {made.published_at:%Y-%m-%d %H:%M} UTC, seeds {made.seeds}"
