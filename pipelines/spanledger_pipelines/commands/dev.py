"""`spanledger dev`: the Dagster UI over the same definitions that `spanledger run` uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import Home

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = "Example: spanledger dev --port 3001"
# The warehouse has one writer, so runs wait for each other.
INSTANCE = """\
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
freshness:
  enabled: true
"""


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("dev", epilog=EPILOG)(dev)


def dev(
    port: Annotated[int, typer.Option(help="Port of the web server, on this machine only.")] = 3000,
    home: Home = None,
) -> None:
    """Open the Dagster UI: assets, lineage, checks, runs. Needs the ui extra."""
    import importlib.util
    import subprocess
    import sys

    from spanledger_pipelines.commands.groups import SETUP, fail
    from spanledger_warehouse.settings import load_settings

    if importlib.util.find_spec("dagster_webserver") is None:
        fail("the Dagster UI is not installed; install it with: pip install 'spanledger[ui]'", SETUP)
    command = [sys.executable, "-m", "dagster", "dev", "-m", "spanledger_pipelines.definitions"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    folder = load_settings(home).home.path.resolve()
    with subprocess.Popen(command, env=environment(folder)) as server:
        try:
            status = server.wait()
        except KeyboardInterrupt:
            # The terminal told the server too; it needs a moment to stop its own processes.
            server.wait()
            status = 0
    raise typer.Exit(status)


def environment(home: Path) -> dict[str, str]:
    """The environment of the UI: this home, and a Dagster home inside it that keeps the runs it starts."""
    import os

    dagster_home = home / "dagster"
    dagster_home.mkdir(parents=True, exist_ok=True)
    if not (dagster_home / "dagster.yaml").exists():
        (dagster_home / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    defaults = {"DAGSTER_HOME": str(dagster_home), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    return defaults | os.environ | {"SPANLEDGER_HOME": str(home)}
