"""`spanledger prices close MONTH`: freezes a month; what changes later becomes a correction."""

from __future__ import annotations

from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = "Example: spanledger prices close 2026-10 --note 'invoiced on November 5'"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("close", epilog=EPILOG)(close)


def close(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month to close, in UTC.")],
    note: Annotated[str, typer.Option(help="A word for people, into the line and the commit.")] = "",
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Close although a source has not delivered the whole month.")
    ] = False,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", help="Leave the line in the work tree of the seeds, uncommitted.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Freeze a month: write what it cost to an artifact that never changes, and commit its digest to the seeds.

    From the next run on the marts show the month as it was closed. Late calls and new prices become lines of class
    Correction in ledger.cost_lines and marts.corrections.
    """
    from dataclasses import asdict
    from datetime import UTC, datetime

    from spanledger_pipelines import rendering
    from spanledger_warehouse.closing import close_month
    from spanledger_warehouse.settings import load_settings

    with rendering.progress("writing the artifact") as step:
        made = close_month(
            load_settings(home),
            month,
            today=datetime.now(UTC).date(),
            note=note,
            incomplete=incomplete,
            commit=not no_commit,
            on_step=step,
        )
    if as_json:
        typer.echo(rendering.to_json({**asdict(made), "artifact": str(made.artifact)}))
        return
    unknown = (
        f", {made.incomplete_calls} of them of a cost not known in full" if made.incomplete_calls else ""
    )
    typer.echo(f"Closed {made.month}: {made.calls} calls{unknown}, {made.contracted_cost_usd or 0:f} USD.")
    typer.echo(f"Artifact: {made.artifact}; back it up. Digest: {made.digest}")
    where = f"commit {made.commit[:12]} on {made.branch}" if made.commit else "not committed"
    typer.echo(f"Line of periods.csv: {where}. It counts from the next `spanledger run` on.")
