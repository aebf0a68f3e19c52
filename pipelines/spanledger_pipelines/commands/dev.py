"""`spanledger dev`: the Dagster UI over the same definitions that `spanledger run` uses."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("dev", epilog="Example: spanledger dev --port 3001")(dev)


def dev(
    port: Annotated[int, typer.Option(help="Port of the web server, on this machine only.")] = 3000,
) -> None:
    """Open the Dagster UI: assets, lineage, checks, runs. Needs the ui extra."""
    import importlib.util
    import subprocess
    import sys

    from spanledger_pipelines.commands.groups import SETUP, fail

    if importlib.util.find_spec("dagster_webserver") is None:
        fail("the Dagster UI is not installed; install it with: pip install 'spanledger[ui]'", SETUP)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "spanledger_pipelines.definitions"]
    try:
        status = subprocess.run(
            [*command, "--host", "127.0.0.1", "--port", str(port)], check=False
        ).returncode
    except KeyboardInterrupt:
        status = 0
    raise typer.Exit(status)
