"""`spanledger explain CALL_ID`: from a cost back to span, units, price rows, seed lines and commit."""

from __future__ import annotations

from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = "Example: spanledger explain 3f2a…-17 (call ids are in: spanledger report calls)"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("explain", epilog=EPILOG)(explain)


def explain(
    call_id: Annotated[
        str, typer.Argument(help="The call, as in marts.calls; its first characters are enough.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show how the cost of one call came about, with the arithmetic, like a receipt."""
    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.groups import fail
    from spanledger_warehouse.reading.explain import as_object, explain_call
    from spanledger_warehouse.reading.receipt import receipt
    from spanledger_warehouse.settings import load_settings

    explanation = explain_call(load_settings(home).home.published_file, call_id)
    if as_json:
        typer.echo(rendering.to_json(as_object(explanation)))
        return
    typer.echo(rendering.printable(receipt(explanation)))
    if not explanation.adds_up():
        fail("the lines do not add up to the published cost; rebuild with: spanledger run, and report this")
