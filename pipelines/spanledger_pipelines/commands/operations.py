"""`spanledger archive|backfill|repair|rebuild`: the warehouse's own work, one command each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from spanledger_pipelines.commands.options import AsJson, Home, Uncommitted

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from spanledger_warehouse.settings import Settings


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command("archive", epilog="Example: spanledger archive")(archive)
    app.command("backfill", epilog="Example: spanledger backfill --from 2026-08-01 --to 2026-08-31")(backfill)
    app.command("repair", epilog="Example: spanledger repair --tenant acme --from 2026-08-01")(repair)
    app.command(
        "rebuild", epilog="Example: spanledger rebuild (the old database is kept beside the new one)"
    )(rebuild)


def archive(home: Home = None, as_json: AsJson = False) -> None:
    """Bring what was loaded into the archive, as every run does at its end."""
    from dataclasses import asdict

    from spanledger_pipelines import rendering
    from spanledger_warehouse import runs
    from spanledger_warehouse.database import connect
    from spanledger_warehouse.settings import load_settings

    settings = load_settings(home)
    with rendering.progress("archiving") as step, connect(settings) as connection:
        runs.start_run(connection, f"archive-{uuid4()}", _now())
        done = runs.archive_landing(connection, settings, now=_now(), on_file=step)
    if as_json:
        typer.echo(rendering.to_json(asdict(done)))
    else:
        for problem in done.problems:
            typer.echo(f"not archived: {problem}")
        typer.echo(f"Archived {done.lines} records of {done.files} files in {settings.home.archive}.")
    raise typer.Exit(1 if done.problems else 0)


def backfill(
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First UTC day.")
    ],
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last UTC day; the same by default."),
    ] = None,
    home: Home = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
) -> None:
    """Build a range of days again, whatever is known of them now, and publish."""
    from spanledger_warehouse import pending
    from spanledger_warehouse.errors import SpanledgerError

    start, end = first.date(), (last or first).date()
    if end < start:
        raise SpanledgerError(f"--to {end} lies before --from {start}; give the earlier day first")
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]

    def mark(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
        return pending.mark_days(
            connection, days, cause="backfill", detail=f"{start} to {end}", run_id=run_id
        )

    _mark_and_run(home, mark, uncommitted=uncommitted, as_json=as_json)


def repair(
    tenant: Annotated[str, typer.Option("--tenant", metavar="TENANT", help="Whose days to build again.")],
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First UTC day.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last UTC day.")
    ] = None,
    home: Home = None,
    uncommitted: Uncommitted = False,
    as_json: AsJson = False,
) -> None:
    """Build every day again on which a tenant has calls, and publish."""
    from spanledger_warehouse import pending
    from spanledger_warehouse.errors import SpanledgerError

    def mark(connection: duckdb.DuckDBPyConnection, run_id: str) -> int:
        start = first.date() if first else date.min
        end = last.date() if last else date.max
        days = pending.days_of_tenant(connection, tenant, start, end)
        if not days:
            raise SpanledgerError(
                f"tenant {tenant!r} has no calls between {start} and {end}; `spanledger report daily` shows who has"
            )
        return pending.mark_days(connection, days, cause="repair", detail=tenant, run_id=run_id)

    _mark_and_run(home, mark, uncommitted=uncommitted, as_json=as_json)


def rebuild(home: Home = None, uncommitted: Uncommitted = False, as_json: AsJson = False) -> None:
    """Make the database anew from archive, landing files and seeds, then build and publish everything."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse import rebuilding
    from spanledger_warehouse.settings import load_settings

    settings = load_settings(home)
    with rendering.progress("reading the archive") as step:
        done = rebuilding.rebuild(settings, run_id=f"rebuild-{uuid4()}", now=_now(), on_day=step)
    if not as_json:
        typer.echo(f"Read {done.records} records from {settings.home.archive}; {done.days} days to build.")
        if done.problem is not None:
            typer.echo(f"Nothing could be taken from the old database: {done.problem}")
        for path in done.kept_files:
            typer.echo(f"taken from the old database, because it is neither archived nor there: {path}")
        if done.replaced is not None:
            typer.echo(f"The old database: {done.replaced}")
    _run(settings, uncommitted=uncommitted, as_json=as_json)


def _mark_and_run(
    home: Home, mark: Callable[[duckdb.DuckDBPyConnection, str], int], *, uncommitted: bool, as_json: bool
) -> None:
    from spanledger_warehouse.database import connect
    from spanledger_warehouse.settings import load_settings

    settings = load_settings(home)
    with connect(settings) as connection:
        mark(connection, f"marked-{uuid4()}")
    _run(settings, uncommitted=uncommitted, as_json=as_json)


def _run(settings: Settings, *, uncommitted: bool, as_json: bool) -> None:
    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.run import as_object, run_with_progress

    summary = run_with_progress(settings, uncommitted=uncommitted)
    if as_json:
        typer.echo(rendering.to_json(as_object(summary)))
        return
    for line in summary.lines():
        typer.echo(rendering.printable(line))


def _now() -> datetime:
    from spanledger_warehouse.looking import utc_now

    return utc_now()
