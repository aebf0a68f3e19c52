"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Home folder; by default SPANLEDGER_HOME, else .spanledger."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; money is a decimal in a string.")]
Uncommitted = Annotated[
    bool,
    typer.Option("--uncommitted", help="Price from the seeds folder as it is; what is written then says so."),
]
