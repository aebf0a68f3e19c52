"""`spanledger export`: published numbers handed over to finance and BI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

if TYPE_CHECKING:
    import duckdb

    from spanledger_warehouse.export.window import Window

EPILOG = "Example: spanledger export focus --month 2026-10 -o focus-2026-10.csv"

Output = Annotated[Path, typer.Option("-o", "--output", metavar="PATH", help="Where to write.")]
Tenant = Annotated[str | None, typer.Option(help="Only this tenant.")]
Month = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="Only this month (UTC).")
]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day (UTC), inclusive."),
]
Last = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day (UTC), inclusive."),
]
Mart = Annotated[str | None, typer.Option(metavar="NAME", help="Only this mart: daily_costs, calls …")]

app = typer.Typer(help="Hand published numbers over: FOCUS, workbooks, CSV, Parquet.", epilog=EPILOG)


def register(parent: typer.Typer) -> None:
    """Mount the group."""
    parent.add_typer(app, name="export", no_args_is_help=True)


@app.command("focus", epilog=EPILOG)
def focus(
    output: Output,
    focus_version: Annotated[str, typer.Option(metavar="VERSION", help="FOCUS version: 1.2 or 1.4.")] = "1.4",
    billing_account: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Account at the provider that pays; by default the provider's name."),
    ] = None,
    tenant: Tenant = None,
    month: Month = None,
    first: First = None,
    last: Last = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write charges in the FinOps Open Cost and Usage Specification, as CSV or Parquet by the file's name."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.export.focus import write_focus

    window = _window(tenant, month, first, last)
    with _published(home) as connection:
        made = write_focus(connection, output, window, version=focus_version, billing_account=billing_account)
    if as_json:
        typer.echo(rendering.to_json({"file": str(output), **vars(made)}))
        return
    unpriced = f"; {made.unpriced_rows} without a known price, at no cost" if made.unpriced_rows else ""
    cost = rendering.money(made.effective_cost)
    typer.echo(f"{output}: {made.rows} charges, FOCUS {focus_version}, {cost} USD{unpriced}")


@app.command("csv", epilog="Example: spanledger export csv --mart daily_costs -o costs/")
def as_csv(
    output: Output,
    mart: Mart = None,
    tenant: Tenant = None,
    month: Month = None,
    first: First = None,
    last: Last = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the marts as CSV, a file a mart; no cell can start a formula."""
    _write_marts(".csv", output, mart, _window(tenant, month, first, last), home, as_json)


@app.command("parquet", epilog="Example: spanledger export parquet --tenant acme -o acme/")
def as_parquet(
    output: Output,
    mart: Mart = None,
    tenant: Tenant = None,
    month: Month = None,
    first: First = None,
    last: Last = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the marts as Parquet, a file a mart, exact decimals."""
    _write_marts(".parquet", output, mart, _window(tenant, month, first, last), home, as_json)


@app.command("xlsx", epilog="Example: spanledger export xlsx --month 2026-10 -o costs.xlsx")
def as_xlsx(
    output: Output,
    tenant: Tenant = None,
    month: Month = None,
    first: First = None,
    last: Last = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the marts as an Excel workbook, a sheet a mart (the list of all calls is left out)."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.export.workbook import write_workbook

    window = _window(tenant, month, first, last)
    with _published(home) as connection, rendering.progress("writing sheets") as step:
        sheets = write_workbook(connection, output, window, step)
    _say({output: sum(sheets.values())}, as_json)


def _write_marts(
    suffix: str, output: Path, mart: str | None, window: Window, home: Path | None, as_json: bool
) -> None:
    from spanledger_pipelines import rendering
    from spanledger_warehouse.export.marts import write_marts

    with _published(home) as connection, rendering.progress("writing files") as step:
        files = write_marts(connection, output, window, suffix=suffix, only=mart, step=step)
    _say(files, as_json)


def _say(files: dict[Path, int], as_json: bool) -> None:
    from spanledger_pipelines import rendering

    if as_json:
        typer.echo(rendering.to_json([{"file": str(file), "rows": rows} for file, rows in files.items()]))
        return
    for file, rows in files.items():
        typer.echo(f"{file}: {rows} rows")


def _window(
    tenant: str | None, month: datetime | None, first: datetime | None, last: datetime | None
) -> Window:
    from spanledger_warehouse.errors import ConfigurationError
    from spanledger_warehouse.export.window import Window, days_of_month

    if month and (first or last):
        raise ConfigurationError("say --month, or --from and --to, not both")
    if month:
        return Window(tenant, *days_of_month(month.year, month.month))
    return Window(tenant, first.date() if first else None, last.date() if last else None)


@contextmanager
def _published(home: Path | None) -> Iterator[duckdb.DuckDBPyConnection]:
    from spanledger_warehouse.reading.published import open_published
    from spanledger_warehouse.settings import load_settings

    with open_published(load_settings(home).home.published_file) as connection:
        yield connection
