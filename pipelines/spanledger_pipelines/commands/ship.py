"""`spanledger ship`: sends a spool's sealed segments on, as its own process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_pipelines.commands.options import Home

if TYPE_CHECKING:
    from spanledger_pipelines.ship.shipper import Round, Shipper
    from spanledger_pipelines.ship.targets import Target

EPILOG = "Example: spanledger ship --to http://collect.internal:4318 --once"


def register(app: typer.Typer) -> None:
    """Mount the command."""
    app.command("ship", epilog=EPILOG)(ship)


def ship(
    to: Annotated[
        str,
        typer.Option("--to", metavar="URL", envvar="SPANLEDGER_SHIP_TO", help="The receiver, without /v1/…."),
    ],
    otlp: Annotated[
        bool, typer.Option("--otlp", help="Send spans to any OTLP/HTTP endpoint, not segments to collect.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Send what is sealed and stop (cron); exit 1 if something is left.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Move what was sent to sent/, do not delete it.")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(envvar="SPANLEDGER_SHIP_TOKEN", help="Bearer token; better in the variable."),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A header to send; may be repeated.")
    ] = None,
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between looks into the spool.")] = 5.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = 60.0,
    spool: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The spool; by default SPANLEDGER_SPOOL, else the home's."),
    ] = None,
    home: Home = None,
) -> None:
    """Send sealed segments to a receiver; delete each once it is acknowledged. Needs the collect extra."""
    from spanledger_pipelines.commands.groups import require

    require("collect", "httpx", "opentelemetry.proto")
    from spanledger_pipelines.ship.shipper import Shipper
    from spanledger_pipelines.ship.spool import Spool
    from spanledger_warehouse.settings import load_settings

    target = _target(to, header or [], token, timeout, otlp=otlp)
    with Spool(spool or load_settings(home).home.spool, keep=keep) as held:
        shipper = Shipper(held, target, lambda words: typer.echo(words, err=True))
        if once:
            _report(shipper.once())
        else:
            _until_stopped(shipper, interval)


def _target(to: str, header: list[str], token: str | None, timeout: float, *, otlp: bool) -> Target:
    from spanledger_pipelines.ship.targets import OtlpTarget, SegmentTarget, client
    from spanledger_warehouse.errors import ConfigurationError

    if not to.startswith(("http://", "https://")):
        raise ConfigurationError(f"--to {to!r} is no address; write http://host:4318 or https://…")
    headers = {}
    for one in header:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError(f"--header {one!r} is not NAME=VALUE; correct it")
        headers[name.strip()] = value.strip()
    connection = client(to.removesuffix("/v1/traces"), headers, token, timeout)
    return OtlpTarget(connection) if otlp else SegmentTarget(connection)


def _report(done: Round) -> None:
    typer.echo(f"{done.sent} segments sent, {done.refused} refused, {done.left} left.")
    if done.left or done.refused:
        raise typer.Exit(1)


def _until_stopped(shipper: Shipper, interval: float) -> None:
    import signal
    import threading

    stop = threading.Event()

    def end(number: int, _frame: object) -> None:
        stop.set()
        # Whoever does not want to wait for the last round says it twice.
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    shipper.forever(stop, interval)
