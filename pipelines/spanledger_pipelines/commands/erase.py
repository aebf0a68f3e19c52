"""`spanledger erase`: one person's or one tenant's metadata, everywhere, without moving a cent."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer

from spanledger_pipelines.commands.options import AsJson, Home

EPILOG = "Example: spanledger erase --metadata customer_id=C-4711"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("erase", epilog=EPILOG)(erase)


def erase(
    metadata: Annotated[
        str | None, typer.Option(metavar="KEY=VALUE", help="Calls whose metadata, or an attribute, says so.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="All calls of a tenant.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Erase metadata from archive, quarantine, landing zone, database and published files; costs stay to the digit."""
    from dataclasses import asdict

    from spanledger_pipelines import rendering
    from spanledger_pipelines.commands.groups import SETUP, fail
    from spanledger_pipelines.commands.run import run_with_progress
    from spanledger_warehouse import erasing
    from spanledger_warehouse.looking import utc_now
    from spanledger_warehouse.settings import load_settings

    key, separator, value = (metadata or "").partition("=")
    if bool(tenant) == bool(metadata) or (metadata and not (key and separator and value)):
        fail("name one: --tenant TENANT, or --metadata KEY=VALUE", SETUP)
    whom = erasing.Whom(tenant=tenant) if tenant else erasing.Whom(key=key, value=value)
    settings = load_settings(home)
    if not yes:
        typer.confirm(
            f"Erase the metadata of {whom} from {settings.home.path}? It cannot be undone.", abort=True
        )
    run_with_progress(settings)
    before = erasing.money_digest(settings)
    done = erasing.erase(settings, whom, run_id=f"erase-{uuid4()}", now=utc_now())
    run_with_progress(settings)
    versions = erasing.forget_versions(settings)
    after = erasing.money_digest(settings)
    if as_json:
        typer.echo(
            rendering.to_json(
                {**asdict(done), "versions": versions, "money_before": before, "money_after": after}
            )
        )
    else:
        typer.echo(
            f"Erased the metadata of {done.calls} calls of {whom}, in {done.parts} parts of the archive;"
        )
        typer.echo(
            f"{done.quarantined} refused lines, {done.landing_files} landing files and {versions} versions went."
        )
        typer.echo(f"Money before: {before}\nMoney after:  {after}")
        typer.echo("Backups made before still hold it.")
    if before != after:
        fail("the costs changed; `spanledger verify` says where, `spanledger restore` brings a backup back")
