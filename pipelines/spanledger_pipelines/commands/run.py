"""`spanledger run`: one pass over what is new: load, price, build, check, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from spanledger_pipelines.commands.options import AsJson, Home, Uncommitted

if TYPE_CHECKING:
    from spanledger_pipelines.running import RunSummary
    from spanledger_warehouse.settings import Settings

EPILOG = "Example: spanledger run (says at once when nothing is new)"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("run", epilog=EPILOG)(run)


def run(home: Home = None, uncommitted: Uncommitted = False, as_json: AsJson = False) -> None:
    """Load what is new, price it, rebuild the days it touches, check, and publish."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.settings import load_settings

    summary = run_with_progress(load_settings(home), uncommitted=uncommitted)
    if as_json:
        typer.echo(rendering.to_json(as_object(summary)))
        return
    for line in summary.lines():
        typer.echo(rendering.printable(line))


def as_object(summary: RunSummary) -> dict[str, object]:
    """The summary for `--json`."""
    from dataclasses import asdict

    return asdict(summary) | {"published_file": str(summary.published_file)}


def run_with_progress(settings: Settings, *, uncommitted: bool = False) -> RunSummary:
    """Run once, with a progress bar on a terminal."""
    from spanledger_pipelines import rendering
    from spanledger_pipelines.running import run_once

    with rendering.progress("building the ledger") as step:
        return run_once(
            settings, uncommitted=uncommitted, on_step=lambda _name, done, total: step(done, total)
        )
