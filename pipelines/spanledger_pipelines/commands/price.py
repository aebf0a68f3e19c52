"""`spanledger price FILE`: price a file of usage without a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson

EPILOG = "Example: spanledger price usage.csv -o priced.csv"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("price", epilog=EPILOG)(price)


def price(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet or JSON lines.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write; stdout by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add list_cost_usd, contracted_cost_usd, cost_status and price_ids to a file of usage."""
