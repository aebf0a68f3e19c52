"""`spanledger prices impact`: the dollars that a change moves, before it is merged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home
from spanledger_pipelines.commands.prices.shared import (
    SETUP,
    Source,
    changed_states,
    fail,
    print_json,
    print_table,
    work_tree,
)

if TYPE_CHECKING:
    from spanledger_warehouse.impact import Impact, Usage
    from spanledger_warehouse.settings import Settings

EXAMPLE = "Example: spanledger prices impact --base origin/main --markdown"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog=EXAMPLE)(impact)


def impact(
    base: Annotated[
        str | None, typer.Option(metavar="REF", help="What is to be changed; by default the default branch.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(metavar="REF", help="With the change; by default the folder as it is.")
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Usage from a published file, without access to the warehouse."),
    ] = None,
    fingerprint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Usage from a fingerprint, where the warehouse is out of reach."),
    ] = None,
    write_fingerprint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the fingerprint of the warehouse (no tenants), and stop."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="How many last days of usage a projection applies.")] = 30,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a text for a pull request.")] = False,
    source: Source = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show what a change moves in dollars, per tenant, model, operation and day: past and projected."""
    from spanledger_warehouse.impact import assess
    from spanledger_warehouse.impact.report import as_markdown, as_object
    from spanledger_warehouse.seeds import parse
    from spanledger_warehouse.settings import load_settings

    settings = load_settings(home)
    if write_fingerprint is not None:
        _write_fingerprint(settings, source, write_fingerprint)
        return
    before, after = (parse(state).require() for state in changed_states(source, base, head))
    found = assess(before, after, _usage(settings, published, fingerprint), projected_days=days)
    if as_json:
        print_json(as_object(found))
    elif markdown:
        typer.echo(as_markdown(found), nl=False)
    else:
        print_impact(found)


def _usage(settings: Settings, published: Path | None, fingerprint: Path | None) -> Usage:
    from spanledger_warehouse.impact import Fingerprint, Published, Warehouse

    if published is not None and fingerprint is not None:
        fail("--published and --fingerprint are two usages; give one of them", SETUP)
    if published is not None:
        return Published(published)
    return Fingerprint(fingerprint) if fingerprint is not None else Warehouse(settings)


def _write_fingerprint(settings: Settings, source: Path | None, output: Path) -> None:
    from spanledger_warehouse.impact import write_fingerprint
    from spanledger_warehouse.seeds import parse, read_seeds

    if output.suffix != ".csv":
        fail(f"{output}: a fingerprint is a CSV file; name it so")
    prices = parse(read_seeds(work_tree(source), allow_uncommitted=True)).prices
    lines = write_fingerprint(settings, [row.tier_above for row in prices], output)
    typer.echo(f"{output}: {lines} lines; units by day, model, context, region and tier, no tenants")


def print_impact(found: Impact) -> None:
    """Print what moves, for people."""
    from spanledger_warehouse.impact.report import COLUMNS, cells, headlines, sections

    for line in headlines(found):
        typer.echo(line)
    for title, rows in sections(found):
        typer.echo(f"\n{title}")
        print_table([title.split()[-1], *COLUMNS], [list(cells(row)) for row in rows], amounts=len(COLUMNS))
