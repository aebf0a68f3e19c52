"""`spanledger migrate`: bring the warehouse to the schema of this release, or back to an earlier one."""

from __future__ import annotations

from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = "Example: spanledger migrate (then spanledger run builds what the new release derives)"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("migrate", epilog=EPILOG)(migrate)


def migrate(
    home: Home = None,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="VERSION", help="An earlier schema version, to go back to its release."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring the warehouse to the schema of this release; a copy of the database is kept first."""
    from dataclasses import asdict

    from spanledger_pipelines import rendering
    from spanledger_warehouse import migrations
    from spanledger_warehouse.database import SCHEMA_VERSION
    from spanledger_warehouse.settings import load_settings

    done = migrations.migrate(load_settings(home), to=SCHEMA_VERSION if to is None else to)
    if as_json:
        typer.echo(rendering.to_json({**asdict(done), "copy": None if done.copy is None else str(done.copy)}))
    elif done.before == done.after:
        typer.echo(f"The warehouse has schema version {done.after} already; nothing was changed.")
    else:
        typer.echo(f"Schema version {done.before} → {done.after}: {'; '.join(done.steps)}.")
        typer.echo(
            f"{done.days} days are to be built again by the next run. The database as it was: {done.copy}"
        )
