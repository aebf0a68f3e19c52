"""`spanledger prices init` and `update`: an organisation's own seeds over the catalogue of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanledger_pipelines.commands.options import AsJson
from spanledger_pipelines.commands.prices.shared import Source, print_json, work_tree

INIT_EXAMPLE = "Example: spanledger prices init our-prices"
UPDATE_EXAMPLE = "Example: spanledger prices update --source our-prices"


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    app.command(epilog=INIT_EXAMPLE)(init)
    app.command(epilog=UPDATE_EXAMPLE)(update)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    as_json: AsJson = False,
) -> None:
    """Make a repository for your own seeds: this release's catalogue below vendor/, your rows beside it."""
    from spanledger_warehouse.reading.published import short_commit
    from spanledger_warehouse.seeds import read_seeds
    from spanledger_warehouse.seeds.editing_init import init as make

    snapshot = read_seeds()
    commit = make(folder, snapshot)
    if as_json:
        print_json({"folder": str(folder), "commit": commit, "catalogue": snapshot.commit})
        return
    typer.echo(
        f"{folder}: commit {commit[:12]} with the catalogue of {short_commit(snapshot.commit)} in vendor/"
    )
    place = folder.resolve()
    typer.echo(f'price from it: in spanledger.toml, [seeds] source = "{place}"; or SPANLEDGER_SEEDS={place}')


def update(source: Source = None, as_json: AsJson = False) -> None:
    """Bring the catalogue of the installed release into vendor/, as one commit; own rows go on winning."""
    from spanledger_warehouse.reading.published import short_commit
    from spanledger_warehouse.seeds import read_seeds
    from spanledger_warehouse.seeds.editing_init import update as bring

    snapshot = read_seeds()
    updated = bring(read_seeds(work_tree(source), allow_uncommitted=True), snapshot)
    if as_json:
        files = list(updated.files)
        print_json({"commit": updated.commit, "new_prices": updated.prices, "files": files})
    elif updated.commit is None:
        typer.echo(f"vendor/ is the catalogue of {short_commit(snapshot.commit)} already")
    else:
        typer.echo(
            f"commit {updated.commit[:12]}: {updated.prices} new price rows in {len(updated.files)} files; "
            "what they move: spanledger prices impact --base HEAD~1 --head HEAD"
        )
