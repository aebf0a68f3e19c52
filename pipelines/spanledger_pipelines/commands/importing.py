"""`spanledger import FILE`: history from elsewhere into the landing zone, each call once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = (
    "Example: spanledger import llm_usage_logs.csv --provider openrouter --service desk (then spanledger run). "
    "Known columns: warehouse/README.md."
)


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("import", epilog=EPILOG)(import_file)


def import_file(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="A table of calls: CSV, TSV, Parquet, JSON lines."),
    ],
    source: Annotated[
        str, typer.Option(help="Name of the system it comes from; its ids tell its calls apart.")
    ] = "llm_usage_logs",
    column: Annotated[
        list[str] | None, typer.Option(metavar="MEANING=NAME", help="Where a column has another name.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="For rows that name no provider.")] = None,
    service: Annotated[str | None, typer.Option(help="For rows that name no service.")] = None,
    tenant: Annotated[str | None, typer.Option(help="For rows that name no tenant.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Import a usage log of another system; importing it again, or a later export of it, counts each call once."""
    from dataclasses import asdict

    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.groups import SETUP, fail
    from spanledger_warehouse import importing
    from spanledger_warehouse.settings import load_settings

    pairs = [pair.partition("=") for pair in column or []]
    if any(not separator for _, separator, _ in pairs):
        fail("--column takes MEANING=NAME, such as --column ended_at=finished", SETUP)
    defaults = {"provider": provider, "service": service, "tenant": tenant}
    done = importing.import_file(
        file,
        load_settings(home).home,
        source=source,
        columns={meaning: name for meaning, _, name in pairs},
        defaults={meaning: value for meaning, value in defaults.items() if value},
    )
    if as_json:
        typer.echo(rendering.to_json({**asdict(done), "file": None if done.file is None else str(done.file)}))
        raise typer.Exit(1 if done.refused else 0)
    for refused in done.refused:
        typer.echo(f"refused: {refused}")
    if done.ignored:
        typer.echo(f"Columns that were not read: {', '.join(done.ignored)}")
    typer.echo(
        f"{done.calls} of {done.rows} rows are calls{' (imported before)' if done.known else ''}: {done.file}"
    )
    typer.echo("Next: spanledger run")
    raise typer.Exit(1 if done.refused else 0)
