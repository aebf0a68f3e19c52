"""`spanledger collect`: the OTLP receiver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanledger_pipelines.commands.options import Home

EPILOG = "Example: spanledger collect --tokens tokens.toml --host 0.0.0.0"

_MEBIBYTE = 1 << 20


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("collect", epilog=EPILOG)(collect)


def collect(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(help="OTLP/HTTP and segments; 0 = any free port.")] = 4318,
    grpc_port: Annotated[int, typer.Option(help="OTLP/gRPC; 0 = any free port, -1 = none.")] = 4317,
    tokens: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", envvar="SPANLEDGER_COLLECT_TOKENS", help="TOML: who may send, for which tenants."
        ),
    ] = None,
    new_token: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Print a new token and the lines that admit it, and stop."),
    ] = None,
    anybody: Annotated[
        bool, typer.Option("--anybody", help="Listen beyond this machine without a token file.")
    ] = False,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM certificate: both ports speak TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its PEM private key.")] = None,
    seal_seconds: Annotated[float, typer.Option(help="Age at which `spanledger run` sees a file.")] = 10.0,
    max_body_mib: Annotated[int, typer.Option(min=1, help="Largest body as sent.")] = 16,
    max_inflated_mib: Annotated[int, typer.Option(min=1, help="Largest OTLP body once inflated.")] = 32,
    max_spans: Annotated[int, typer.Option(min=1, help="Most spans of a request.")] = 50_000,
    max_attributes: Annotated[int, typer.Option(min=1, help="Most attributes of a request.")] = 500_000,
    home: Home = None,
) -> None:
    """Receive OTLP and spool segments into the landing zone; answer once they are on disk. Needs the collect extra."""
    from spanledger_pipelines.commands.groups import require

    require("collect", "grpc", "google.rpc", "opentelemetry.proto", "starlette", "uvicorn")
    if new_token is not None:
        _print_token(new_token)
        return
    from spanledger_pipelines.collect.limits import Limits
    from spanledger_pipelines.collect.server import Options, serve
    from spanledger_pipelines.collect.tls import checked
    from spanledger_warehouse.errors import ConfigurationError
    from spanledger_warehouse.settings import load_settings

    if tokens is None and not anybody and host not in {"127.0.0.1", "::1", "localhost"}:
        raise ConfigurationError(
            f"--host {host} can be reached from other machines, and no --tokens FILE says who may send; "
            "name one (spanledger collect --new-token NAME), or allow anybody with --anybody"
        )
    landing = load_settings(home).home.landing
    options = Options(
        landing=landing,
        host=host,
        http_port=http_port,
        grpc_port=grpc_port if grpc_port >= 0 else None,
        tokens=tokens,
        limits=Limits(
            body_bytes=max_body_mib * _MEBIBYTE,
            inflated_bytes=max_inflated_mib * _MEBIBYTE,
            spans=max_spans,
            attributes=max_attributes,
        ),
        seal_seconds=seal_seconds,
        tls=checked(tls_cert, tls_key),
    )

    def ready(http: int, grpc: int | None) -> None:
        scheme = "http" if options.tls is None else "https"
        also = f", OTLP/gRPC on {host}:{grpc}" if grpc is not None else ""
        typer.echo(f"Receiving OTLP/HTTP and segments on {scheme}://{host}:{http}{also} into {landing}.")

    serve(options, ready)


def _print_token(name: str) -> None:
    from spanledger_pipelines.collect.sources import new_token

    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        from spanledger_warehouse.errors import ConfigurationError

        raise ConfigurationError(f"--new-token {name!r}: use letters, digits, - and _")
    token, lines = new_token(name)
    typer.echo(f"The token, shown once; give it to the sender:\n\n{token}\n")
    typer.echo(f"For the token file; name the tenants it may speak for:\n\n{lines}", nl=False)
