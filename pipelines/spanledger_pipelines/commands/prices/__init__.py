"""`spanledger prices`: what price administrators work with; one module a kind of work, mounted here."""

from __future__ import annotations

import typer

from spanledger_pipelines.commands.prices import (
    close,
    editing,
    impact,
    importing,
    looking,
    own,
    reviewing,
    stale,
)

app = typer.Typer(
    name="prices",
    help="The price catalogue: look prices up, change them, review and audit the changes.",
    epilog="Exit codes: 0 ok · 1 the seeds are wrong, or nothing was found · 2 usage or set-up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for module in (looking, editing, reviewing, impact, own, stale, importing, close):
    module.register(app)

__all__ = ["app"]
