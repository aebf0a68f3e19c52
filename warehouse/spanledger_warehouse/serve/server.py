"""Runs the application until a signal: one process, whose threads read while DuckDB holds no lock of Python's."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.serve.app import create_app
from spanledger_warehouse.serve.callers import Credentials, Door
from spanledger_warehouse.serve.console import Console, ConsoleLimits
from spanledger_warehouse.serve.editions import Editions, Limits
from spanledger_warehouse.serve.jwts import Jwts, JwtSettings
from spanledger_warehouse.serve.metrics import Metrics
from spanledger_warehouse.serve.replies import Serving
from spanledger_warehouse.serve.tokens import SessionToken, token_file
from spanledger_warehouse.settings import Home

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SHUTDOWN_SECONDS = 30


@dataclass(frozen=True)
class Tls:
    """Files of a certificate (with its chain) and of its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes:
        home: whose published file.
        host, port: where to listen; port 0 for any free one.
        jwt: what makes a JWT count; None = only tokens do.
        tls: None = plain HTTP.
        limits: what may be held.
        console: what a statement of a caller may take.
    """

    home: Home
    host: str = "127.0.0.1"
    port: int = 8321
    jwt: JwtSettings | None = None
    tls: Tls | None = None
    limits: Limits = field(default_factory=Limits)
    console: ConsoleLimits = field(default_factory=ConsoleLimits)


def serve(options: Options, on_ready: Callable[[str, str | None], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        options: how.
        on_ready: called once it listens, with its address and, where no credential has been made yet, a token of an
            administrator that lives as long as this server.

    Raises:
        ConfigurationError: the port, the keys or the tokens cannot be used; or others could connect, and nobody has
            a credential.
    """
    credentials, session = _credentials(options)
    listening = _listen(options.host, options.port)
    editions = Editions(options.home.published_file, options.home.path / "serve", options.limits)
    serving = Serving(editions, Door(*credentials), Console(options.console), Metrics(editions))
    server = uvicorn.Server(_config(options, serving))

    def stop(*_: object) -> None:
        server.should_exit = True

    # For a signal before uvicorn listens to them, and for the one that it raises again once it has shut down.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    host = f"[{options.host}]" if ":" in options.host else options.host
    scheme = "https" if options.tls else "http"
    on_ready(f"{scheme}://{host}:{listening.getsockname()[1]}", session)
    with contextlib.closing(listening), contextlib.closing(editions):
        server.run(sockets=[listening])


def log_requests() -> None:
    """Write one line of JSON per request to standard error, and the server's own faults with it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    for name in ("spanledger.access", "spanledger.serve"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False


def _credentials(options: Options) -> tuple[list[Credentials], str | None]:
    tokens = token_file(options.home)
    credentials: list[Credentials] = [tokens]
    if options.jwt is not None:
        credentials.append(Jwts(options.jwt))
    if options.jwt is not None or tokens.tokens():
        return credentials, None
    if options.host not in LOOPBACK:
        raise ConfigurationError(
            f"--host {options.host} can be reached from other machines, and nobody has a token; make one with: "
            "spanledger token create NAME --role admin (or --tenant TENANT)"
        )
    session = SessionToken()
    return [session, *credentials], session.text


def _config(options: Options, serving: Serving) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(serving),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        ssl_certfile=options.tls.certificate if options.tls else None,
        ssl_keyfile=options.tls.key if options.tls else None,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)  # whoever is told that we are ready can connect
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error}; choose another --port") from error
    return listening
