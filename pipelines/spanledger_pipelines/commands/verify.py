"""`spanledger verify`: rebuild from records and seeds, and compare every published number."""

from __future__ import annotations

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = "Example: spanledger verify (exit code 1 when a published number cannot be rebuilt)"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("verify", epilog=EPILOG)(verify)


def verify(home: Home = None, as_json: AsJson = False) -> None:
    """Rebuild the ledger in a fresh database and compare it with what is published, to the last digit."""
    from dataclasses import asdict

    from spanledger_pipelines import rendering
    from spanledger_warehouse.reading.published import short_commit
    from spanledger_warehouse.settings import load_settings
    from spanledger_warehouse.verify import verify as verify_ledger

    with rendering.progress("rebuilding") as step:
        result = verify_ledger(load_settings(home), on_step=step)
    if as_json:
        typer.echo(rendering.to_json({**asdict(result), "equal": result.equal}))
        raise typer.Exit(0 if result.equal else 1)
    for path in result.missing_files:
        typer.echo(f"gone: {path}: its records cannot be rebuilt")
    for month in result.closed_months:
        typer.echo(f"equal: closed month {month}: its artifact has the digest of periods.csv")
    for table in result.tables:
        if table.equal:
            typer.echo(f"equal: {table.table}: {table.rows} rows")
        else:
            typer.echo(
                f"differs: {table.table}: {table.only_published} rows only published, "
                f"{table.only_rebuilt} only rebuilt; {table.example}"
            )
    verdict = "was rebuilt to the last digit" if result.equal else "could NOT be rebuilt"
    typer.echo(
        f"Version {result.version} {verdict} from its records and seeds {short_commit(result.seeds_commit)}."
    )
    raise typer.Exit(0 if result.equal else 1)
