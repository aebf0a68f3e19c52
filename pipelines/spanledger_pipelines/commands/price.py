"""`spanledger price FILE`: price a file of usage without a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import Uncommitted

if TYPE_CHECKING:
    from spanledger_warehouse.price_file import PricedFile
    from spanledger_warehouse.seeds.catalogue import Catalogue

EPILOG = "Example: spanledger price usage.csv -o priced.csv --at 2026-09-01T00:00:00Z"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("price", epilog=EPILOG)(price)


def price(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, Parquet or JSON lines with provider, model, timestamp.",
            exists=True,
            dir_okay=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to write; else CSV on stdout."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="COMMIT",
            help="Seeds as known at a commit, tag, seeds_commit of a run, or instant.",
        ),
    ] = None,
    uncommitted: Uncommitted = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON lines; with -o, the summary as JSON. Money is a string.")
    ] = False,
) -> None:
    """Add list_cost_usd, contracted_cost_usd, cost_status and price_ids to each row of a file of usage.

    One call a row, with columns such as input_tokens (all of them, cached ones too) and output_tokens; or one unit of a
    call a row, with unit and quantity. Rows of one call then share a call_id, by which a tier of the whole request is
    found; a row without is a call by itself.
    """
    from spanledger_pipelines import rendering
    from spanledger_warehouse.as_known import read_seeds_as_known
    from spanledger_warehouse.looking import read_configured_seeds
    from spanledger_warehouse.price_file import price_file
    from spanledger_warehouse.seeds.catalogue import parse
    from spanledger_warehouse.settings import load_settings

    if at is not None and uncommitted:
        raise typer.BadParameter("--uncommitted prices from the folder as it is; leave out one of the two")
    settings = load_settings()
    seeds = (
        read_seeds_as_known(settings, at)
        if at is not None
        else read_configured_seeds(settings, uncommitted=uncommitted)
    )
    catalogue = parse(seeds).require()
    if output is None:
        priced = _to_stdout(file, catalogue, ".jsonl" if as_json else ".csv")
    else:
        priced = price_file(file, output, catalogue)
    if as_json and output is not None:
        typer.echo(rendering.to_json(as_object(priced, catalogue)))
        return
    typer.echo(summary(priced, catalogue), err=True)
    for issue in priced.issues:
        typer.echo(f"  {issue}", err=True)


def as_object(priced: PricedFile, catalogue: Catalogue) -> dict[str, object]:
    """The summary for `--json`."""
    return {
        "rows": priced.rows,
        "statuses": dict(priced.statuses),
        "issues": list(priced.issues),
        "seeds_commit": catalogue.source.commit,
        "seeds_state": catalogue.source.state,
    }


def summary(priced: PricedFile, catalogue: Catalogue) -> str:
    """The summary in one line."""
    from spanledger_warehouse.reading.published import short_commit

    counts = ", ".join(f"{count} {status}" for status, count in priced.statuses.items())
    seeds = f"{short_commit(catalogue.source.commit)} ({catalogue.source.state})"
    impossible = "; rows whose usage cannot be right:" if priced.issues else ""
    return f"{priced.rows} rows: {counts or 'nothing to price'}; prices of {seeds}{impossible}"


def _to_stdout(file: Path, catalogue: Catalogue, suffix: str) -> PricedFile:
    from tempfile import TemporaryDirectory

    from spanledger_warehouse.price_file import price_file

    with TemporaryDirectory() as folder:
        output = Path(folder) / f"priced{suffix}"
        priced = price_file(file, output, catalogue)
        with output.open(encoding="utf-8", newline="") as lines:
            for line in lines:
                typer.echo(line, nl=False)
    return priced
