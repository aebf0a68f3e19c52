"""The console script: `doctor` comes with the base install, the rest with extras that may be missing."""

import importlib
import sys
from typing import Final

# The distribution's import name, and the smallest extra that brings it.
_EXTRAS: Final = {
    "duckdb": "warehouse",
    "rich": "warehouse",
    "sqlglot": "warehouse",
    "typer": "warehouse",
    "dagster": "pipelines",
    "httpx": "demo",
    "httpx2": "demo",
    "openai": "demo",
    "anthropic": "demo",
    "starlette": "demo",
    "uvicorn": "demo",
}
_COMMANDS: Final = "spanledger_pipelines.commands"


def main() -> int:
    """Run one command, as given on the process's command line.

    Returns:
        The exit code; 2 when an extra is missing.
    """
    given = sys.argv[1:]
    if given[:1] == ["doctor"]:
        from spanledger.doctor import main as doctor

        return doctor(given[1:])
    try:
        # At run time only: services that import spanledger never load the command line.
        commands = importlib.import_module(_COMMANDS)
        return int(commands.main() or 0)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(missing)
        if extra is None:
            raise
        print(
            f"spanledger: this command needs {missing}, which is not installed. "
            f"Install it with: pip install 'spanledger[{extra}]'",
            file=sys.stderr,
        )
        return 2
