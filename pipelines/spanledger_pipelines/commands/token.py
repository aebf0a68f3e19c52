"""`spanledger token`: who may ask the server, for which tenants, in which role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import AsJson, Home

if TYPE_CHECKING:
    from pathlib import Path

    from spanledger_warehouse.serve.tokens import Token, TokenFile

app = typer.Typer(no_args_is_help=True, help="Tokens of the server: make, list, revoke, expire.")

_Which = Annotated[str, typer.Argument(metavar="TOKEN", help="Id or name, as `token list` shows it.")]


@app.command(epilog="Example: spanledger token create acme-finance --tenant acme --days 90")
def create(
    name: Annotated[str, typer.Argument(help="Who will use it, for people.")],
    tenant: Annotated[list[str] | None, typer.Option(help="A tenant it may see; may be repeated.")] = None,
    role: Annotated[
        str, typer.Option(metavar="[viewer|admin]", help="An admin sees all, and prices.")
    ] = "viewer",
    days: Annotated[int, typer.Option(min=0, help="Days until it expires; 0 = never.")] = 90,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown this once; only its hash is kept."""
    from spanledger_pipelines import rendering

    expires_in = timedelta(days=days) if days else None
    text, token = _tokens(home).create(name, role=role, tenants=tenant or (), expires_in=expires_in)
    if as_json:
        typer.echo(rendering.to_json({"token": text, **_shown(token)}))
        return
    typer.echo(text)
    typer.echo(f"Shown once. Role {token.role}, {_whose(token)}, {_until(token)}.", err=True)


@app.command("list", epilog="Example: spanledger token list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """List all tokens ever made. Their secrets are not kept, so they cannot be shown."""
    from spanledger_pipelines import rendering

    tokens = _tokens(home).tokens()
    if as_json:
        typer.echo(rendering.to_json([_shown(token) for token in tokens]))
        return
    columns = ("id", "name", "role", "tenants", "state", "created_at", "expires_at")
    rows = [[_shown(token)[column] for column in columns] for token in tokens]
    for row in rows:
        row[3] = ", ".join(map(str, row[3])) if isinstance(row[3], tuple) else row[3]
    rendering.console().print(rendering.table(columns, rows) if rows else "no tokens yet")


@app.command(epilog="Example: spanledger token revoke acme-finance")
def revoke(token: _Which, home: Home = None) -> None:
    """Make a token void; a running server refuses it from its next request on."""
    revoked = _tokens(home).revoke(token)
    typer.echo(f"Revoked {revoked.id} ({revoked.name}).")


@app.command(epilog="Example: spanledger token expire acme-finance --in-days 7")
def expire(
    token: _Which,
    in_days: Annotated[int, typer.Option(min=0, help="Days from now.")],
    home: Home = None,
) -> None:
    """Give a token another end."""
    changed = _tokens(home).expire(token, datetime.now(UTC) + timedelta(days=in_days))
    typer.echo(f"{changed.id} ({changed.name}) {_until(changed)}.")


def _tokens(home: Path | None) -> TokenFile:
    from spanledger_warehouse.serve.tokens import token_file
    from spanledger_warehouse.settings import load_settings

    return token_file(load_settings(home).home)


def _shown(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "tenants": token.tenants or "all",
        "state": token.state(datetime.now(UTC)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }


def _whose(token: Token) -> str:
    return f"tenants {', '.join(token.tenants)}" if token.tenants else "all tenants"


def _until(token: Token) -> str:
    return f"valid until {token.expires_at}" if token.expires_at else "valid until revoked"
