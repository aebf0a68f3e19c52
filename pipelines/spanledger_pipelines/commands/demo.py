"""`spanledger demo`: the whole path on this machine. Only the provider and the clock are stand-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from rich.console import Console

    from spanledger_warehouse.settings import Home, Settings

EPILOG = "Example: spanledger demo, and then: spanledger demo --more"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("demo", epilog=EPILOG)(demo)


def demo(
    more: Annotated[
        bool, typer.Option("--more", help="Make one more day of calls; only that day is rebuilt.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget the demo's calls and costs, and start over.")
    ] = False,
) -> None:
    """Run the whole path: a sample service, its spans, the ledger, the marts. Needs the demo extra."""
    from spanledger_pipelines import rendering
    from spanledger_pipelines.demo import sample_run
    from spanledger_warehouse.settings import load_settings

    settings = load_settings(load_settings().home.path / "demo")
    home = settings.home.path
    console = rendering.console()
    if reset and sample_run.reset(home):
        console.print(f"Emptied {home}.")
    _make_calls(home, console, more=more)
    _run(settings)
    _show_costs(settings.home, console)
    _show_next(settings.home, console)


def _make_calls(home: Path, console: Console, *, more: bool) -> None:
    """Let the sample service make the calls of the days that are due."""
    from spanledger_pipelines import rendering
    from spanledger_pipelines.demo import sample_run

    made = sample_run.days_made(home)
    due = sample_run.days_to_make(made, more=more)
    if not due:
        console.print(f"The sample service made its calls before: {_span(made)}. No call is made again.")
        return
    console.print(
        f"The sample service works through {_span(due)}, with real SDKs, against a local stand-in …"
    )
    with rendering.progress("calls") as step:
        done = sample_run.make_calls(home, due, step)
    console.print(
        f"It made {done.calls} calls for three tenants; {done.failed} failed. Its spans are in {home}/spool."
    )


def _run(settings: Settings) -> None:
    """Load, price, build, check and publish what the calls left."""
    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.run import run_with_progress

    typer.echo()
    for line in run_with_progress(settings).lines():
        typer.echo(rendering.printable(line))


def _show_costs(home: Home, console: Console) -> None:
    """The three marts per tenant, and one call explained."""
    from spanledger_pipelines.commands.report import as_table
    from spanledger_warehouse.reading.explain import explain_call
    from spanledger_warehouse.reading.receipt import receipt
    from spanledger_warehouse.reading.reports import ask

    for question in ("daily", "models", "operations"):
        console.print()
        console.print(as_table(ask(home.published_file, question), console.width))
    console.print("unknown: calls whose cost is not known, or not in full. cover: % of tokens with a price.")
    calls = ask(home.published_file, "calls", at_most=1000)
    dearest = max(calls.records(), key=lambda call: call["contracted_cost_usd"] or 0)
    console.print(f"\nWhere the dearest call's cost comes from: spanledger explain {dearest['call_id']}\n")
    typer.echo(receipt(explain_call(home.published_file, dearest["call_id"])))


def _show_next(home: Home, console: Console) -> None:
    """Where everything is, and what to do with it."""
    folder = f"--home {home.path}"
    console.print("\n[bold]Published, read-only[/bold]")
    console.print(f"  {home.published_file}", soft_wrap=True)
    console.print(f"  {home.parquet}/", soft_wrap=True)
    console.print("\n[bold]Next[/bold]")
    for command, what in (
        ("spanledger demo", "again: no calls, nothing new, the same numbers"),
        ("spanledger demo --more", "one more day; only that day is rebuilt"),
        (f"spanledger report unpriced {folder}", "what has no price"),
        (f"spanledger report calls --tenant acme {folder}", "calls with their ids, for explain"),
        (f"spanledger dev {folder}", "assets, lineage and checks in the Dagster UI"),
    ):
        console.print(f"  {command:<61} # {what}", soft_wrap=True, markup=False)


def _span(days: list[date]) -> str:
    first, last = min(days), max(days)
    return f"{first}" if first == last else f"{first} to {last}"
