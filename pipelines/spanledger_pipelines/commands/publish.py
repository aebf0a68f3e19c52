"""`spanledger publish --tenant`: a tenant's own file, with nobody else's rows in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanledger_pipelines.commands.options import Home

EPILOG = "Example: spanledger publish --tenant acme -o acme.duckdb"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("publish", epilog=EPILOG)(publish)


def publish(
    tenant: Annotated[list[str], typer.Option(help="Whose rows; may be repeated.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file; must not exist.")],
    home: Home = None,
) -> None:
    """Write what the published file has of a tenant as a DuckDB file of the same shape, to hand it over."""
    from spanledger_warehouse.serve.hand_over import hand_over
    from spanledger_warehouse.settings import load_settings

    version, calls = hand_over(load_settings(home).home.published_file, tenant, output)
    typer.echo(f"{output}: {calls:,} calls of {', '.join(tenant)}, version {version}")
