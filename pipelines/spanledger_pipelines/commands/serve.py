"""`spanledger serve`: the read-only analytics API over the published file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import Home

if TYPE_CHECKING:
    from spanledger_warehouse.serve.jwts import JwtSettings

EPILOG = "Example: spanledger serve --port 8321 (then: curl -H 'Authorization: Bearer TOKEN' …/openapi.json)"
_JWT = "JWT"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("serve", epilog=EPILOG)(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 = any free one.")] = 8321,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS certificate, with its chain.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key.")] = None,
    open_databases: Annotated[int, typer.Option(min=1, help="Tenants whose databases stay open.")] = 64,
    tenant_memory: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory of one tenant's database.")
    ] = "512MB",
    console_seconds: Annotated[int, typer.Option(min=1, help="Longest statement of a caller.")] = 10,
    console_memory_mib: Annotated[int, typer.Option(min=512, help="Its process's memory.")] = 2048,
    console_rows: Annotated[int, typer.Option(min=1, help="Most rows that it gets.")] = 10_000,
    jwt_issuer: Annotated[
        str | None,
        typer.Option(envvar="SPANLEDGER_JWT_ISSUER", help="Whose JWTs count.", rich_help_panel=_JWT),
    ] = None,
    jwt_audience: Annotated[
        str | None, typer.Option(envvar="SPANLEDGER_JWT_AUDIENCE", help="Their aud.", rich_help_panel=_JWT)
    ] = None,
    jwt_keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="SPANLEDGER_JWT_KEYS",
            help="Public keys: PEM or JWKS.",
            rich_help_panel=_JWT,
        ),
    ] = None,
    jwt_tenants_claim: Annotated[
        str, typer.Option(envvar="SPANLEDGER_JWT_TENANTS_CLAIM", help="Names tenants.", rich_help_panel=_JWT)
    ] = "tenants",
    jwt_role_claim: Annotated[
        str, typer.Option(envvar="SPANLEDGER_JWT_ROLE_CLAIM", help="Names the role.", rich_help_panel=_JWT)
    ] = "role",
    home: Home = None,
) -> None:
    """Serve the published numbers over HTTP: read-only, each caller within its tenants. Needs the serve extra."""
    from spanledger_pipelines.commands.groups import require

    require("serve", "fastapi", "jwt", "cryptography", "prometheus_client", "uvicorn")
    from spanledger_warehouse.errors import ConfigurationError
    from spanledger_warehouse.serve.console import ConsoleLimits
    from spanledger_warehouse.serve.editions import Limits
    from spanledger_warehouse.serve.server import Options, Tls, log_requests
    from spanledger_warehouse.serve.server import serve as run
    from spanledger_warehouse.settings import load_settings

    if (certificate is None) != (key is None):
        raise ConfigurationError("TLS needs both --certificate and --key")
    settings = load_settings(home)
    options = Options(
        home=settings.home,
        host=host,
        port=port,
        jwt=_jwt(jwt_issuer, jwt_audience, jwt_keys, jwt_tenants_claim, jwt_role_claim),
        tls=Tls(certificate, key) if certificate and key else None,
        limits=Limits(
            memory=settings.memory_limit, tenant_memory=tenant_memory, open_databases=open_databases
        ),
        console=ConsoleLimits(seconds=console_seconds, memory_mib=console_memory_mib, rows=console_rows),
    )
    log_requests()
    run(options, _ready)


def _ready(address: str, session: str | None) -> None:
    typer.echo(f"Serving on {address}; what can be asked: {address}/openapi.json")
    if session is not None:
        typer.echo(f"Nobody has a token yet. An administrator's, until this server stops:\n{session}")


def _jwt(
    issuer: str | None, audience: str | None, keys: Path | None, tenants_claim: str, role_claim: str
) -> JwtSettings | None:
    from spanledger_warehouse.errors import ConfigurationError
    from spanledger_warehouse.serve.jwts import JwtSettings

    if issuer is None and audience is None and keys is None:
        return None
    if not (issuer and audience and keys):
        raise ConfigurationError("JWTs need all of --jwt-issuer, --jwt-audience and --jwt-keys")
    return JwtSettings(issuer, audience, keys, tenants_claim, role_claim)
