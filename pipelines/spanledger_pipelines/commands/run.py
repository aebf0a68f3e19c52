"""`spanledger run`: one pass over what is new: load, price, build, check, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home, Uncommitted

if TYPE_CHECKING:
    from spanledger_pipelines.running import RunSummary
    from spanledger_warehouse.settings import Settings

EPILOG = (
    "Example: spanledger run (says at once when nothing is new); spanledger run --dry-run changes nothing"
)


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("run", epilog=EPILOG)(run)


def run(
    home: Home = None,
    uncommitted: Uncommitted = False,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Build ledger and marts on a Spark Connect server: sc://host:15002."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show the dollars that new seeds or a new release would move; change nothing."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load what is new, price it, rebuild the days it touches, check, and publish."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.settings import load_settings

    if engine is not None:
        _run_on_engine(load_settings(home), engine, uncommitted=uncommitted, as_json=as_json)
        return
    if dry_run:
        _show_dry_run(load_settings(home), uncommitted=uncommitted, as_json=as_json)
        return
    summary = run_with_progress(load_settings(home), uncommitted=uncommitted)
    if as_json:
        typer.echo(rendering.to_json(as_object(summary)))
        return
    for line in summary.lines():
        typer.echo(rendering.printable(line))


def _run_on_engine(settings: Settings, url: str, *, uncommitted: bool, as_json: bool) -> None:
    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.groups import require
    from spanledger_warehouse.engine.running import run_on_engine

    require("spark", "pyspark")
    with rendering.progress("building on the engine") as step:
        made = run_on_engine(settings, url, uncommitted=uncommitted, step=step)
    if as_json:
        typer.echo(
            rendering.to_json({"folder": str(made.folder), "tables": made.tables, "checks": made.checks})
        )
        return
    typer.echo(f"{len(made.tables)} tables as Parquet in {made.folder}; {len(made.checks)} identities hold.")


def _show_dry_run(settings: Settings, *, uncommitted: bool, as_json: bool) -> None:
    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.prices.impact import print_impact
    from spanledger_warehouse import dry_run
    from spanledger_warehouse.impact import report
    from spanledger_warehouse.looking import read_configured_seeds

    seeds = read_configured_seeds(settings, uncommitted=uncommitted)
    with rendering.progress("building aside") as step:
        found = dry_run.dry_run(settings, seeds, on_step=step)
    if as_json:
        typer.echo(rendering.to_json(report.as_object(found)))
    else:
        print_impact(found)


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
