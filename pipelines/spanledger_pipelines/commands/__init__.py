"""The command `spanledger`: one module a command, mounted here; heavy imports wait until a command runs.

Exit codes: 0 ok; 1 what was asked about is wrong or failed; 2 wrong usage, missing set-up or a missing extra.
"""

from __future__ import annotations

from typing import Annotated

import typer

from spanledger_pipelines.commands import (
    backup,
    collect,
    demo,
    dev,
    erase,
    explain,
    export,
    importing,
    migrate,
    operations,
    price,
    publish,
    report,
    run,
    serve,
    ship,
    verify,
)
from spanledger_pipelines.commands.groups import LazyGroup, SpanledgerGroup

EPILOG = "Exit codes: 0 ok · 1 what was asked about is wrong or failed · 2 usage, set-up or a missing extra."

app = typer.Typer(
    name="spanledger",
    cls=SpanledgerGroup,
    help="LLM calls in, a cost ledger out: every cent can be rebuilt and explained.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

SpanledgerGroup.lazy["prices"] = LazyGroup(
    name="prices",
    module="spanledger_pipelines.commands.prices",
    help="The price catalogue: check it, list it, look a price up.",
)

SpanledgerGroup.lazy["token"] = LazyGroup(
    name="token",
    module="spanledger_pipelines.commands.token",
    help="Who may ask the server: make, list, revoke and expire tokens.",
)

for module in (
    demo,
    run,
    report,
    explain,
    verify,
    export,
    publish,
    serve,
    price,
    collect,
    ship,
    dev,
    migrate,
    operations,
    importing,
    backup,
    erase,
):
    module.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from spanledger.version import __version__

        typer.echo(f"spanledger {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
    ] = False,
) -> None:
    """Options that come before the command."""


def main() -> None:
    """Run the command line; the console script calls this."""
    app()


__all__ = ["app", "main"]
