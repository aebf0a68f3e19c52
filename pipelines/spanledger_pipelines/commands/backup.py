"""`spanledger backup` and `spanledger restore`: the warehouse in one folder, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

if TYPE_CHECKING:
    from spanledger_warehouse.backup import Backup


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command("backup", epilog="Example: spanledger backup /mnt/backups")(backup)
    app.command(
        "restore",
        epilog="Example: spanledger restore /mnt/backups/spanledger-20261124T040000Z --home /data/spanledger "
        "(then spanledger run publishes)",
    )(restore)


def backup(
    folder: Annotated[
        Path, typer.Argument(file_okay=False, help="The backup gets a folder of its own in here.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Copy database, archive, closed months, quarantine and what waits in the landing zone, with a digest of each."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse.backup import back_up
    from spanledger_warehouse.looking import utc_now
    from spanledger_warehouse.settings import load_settings

    with rendering.progress("copying") as step:
        made = back_up(load_settings(home), folder, now=utc_now(), on_file=step)
    _say(made, "Backed up", as_json=as_json)


def restore(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="A folder that `backup` made.")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Check a backup and put it into a home folder without a warehouse; the next run publishes."""
    from spanledger_pipelines import rendering
    from spanledger_warehouse import backup as backups
    from spanledger_warehouse.settings import load_settings

    with rendering.progress("copying") as step:
        made = backups.restore(folder, load_settings(home), on_file=step)
    _say(made, "Restored", as_json=as_json)


def _say(made: Backup, verb: str, *, as_json: bool) -> None:
    from spanledger_pipelines import rendering

    if as_json:
        typer.echo(
            rendering.to_json(
                {
                    "folder": str(made.folder),
                    "files": made.files,
                    "bytes": made.bytes,
                    "spans": made.spans,
                    "seeds_commit": made.seeds_commit,
                }
            )
        )
        return
    typer.echo(f"{verb} {made.spans} spans in {made.files} files ({made.bytes:,} bytes): {made.folder}")
    if made.seeds_commit is not None:
        typer.echo(f"Its prices are of {made.seeds_commit[:40]}, in the seeds' own repository.")
