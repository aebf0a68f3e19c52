"""Command groups: errors become one message and an exit code; a group may load its commands on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from spanledger_warehouse.errors import SpanledgerError

WRONG = 1
SETUP = 2

# Which extra brings a module that the base install does not have.
EXTRA_OF = {
    "anthropic": "demo",
    "cryptography": "serve",
    "dagster": "pipelines",
    "dagster_webserver": "ui",
    "duckdb": "warehouse",
    "fastapi": "serve",
    "google": "collect",
    "grpc": "collect",
    "httpx": "demo",
    "httpx2": "demo",
    "jwt": "serve",
    "openai": "demo",
    "prometheus_client": "serve",
    "rich": "warehouse",
    "sqlglot": "warehouse",
    "starlette": "demo",
    "uvicorn": "demo",
    "xlsxwriter": "warehouse",
}


class SpanledgerGroup(TyperGroup):
    """The top group: an expected error is a message, not a traceback; lazy groups load on first use."""

    lazy: ClassVar[dict[str, LazyGroup]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in their order of mounting, lazy ones last."""
        return [*super().list_commands(ctx), *self.lazy]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The named command, or None."""
        return self.lazy.get(cmd_name) or super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn what is expected to go wrong into a message and an exit code."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = EXTRA_OF.get((error.name or "").split(".")[0])
            if extra is None:
                raise
            fail(
                f"this command needs {error.name}; install it with: pip install 'spanledger[{extra}]'", SETUP
            )
        except Exception as error:
            from spanledger_warehouse.errors import SpanledgerError

            if not isinstance(error, SpanledgerError):
                raise
            fail(str(error), exit_code_of(error))


class LazyGroup(TyperGroup):
    """A group whose typer application is imported when one of its commands is asked for."""

    def __init__(self, *, name: str, module: str, help: str) -> None:  # noqa: A002 - typer's own word
        super().__init__(name=name, help=help, no_args_is_help=True)
        self._module = module

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands of the imported application."""
        names: list[str] = self._loaded().list_commands(ctx)
        return names

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The named command of the imported application, or None."""
        return self._loaded().get_command(ctx, cmd_name)

    def _loaded(self) -> Any:
        return typer.main.get_group(importlib.import_module(self._module).app)


def require(extra: str, *modules: str) -> None:
    """Stop with the name of the extra unless all of its modules are there; several extras bring some of them."""
    import importlib.util

    for module in modules:
        if importlib.util.find_spec(module) is None:
            fail(f"this command needs {module}; install it with: pip install 'spanledger[{extra}]'", SETUP)


def exit_code_of(error: SpanledgerError) -> int:
    """2 when the set-up is wrong, else 1."""
    from spanledger_warehouse.errors import ConfigurationError

    return SETUP if isinstance(error, ConfigurationError) else WRONG


def fail(message: str, code: int = WRONG) -> None:
    """Print `message` as an error on stderr and stop with `code`."""
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(message, err=True)
    raise typer.Exit(code)
