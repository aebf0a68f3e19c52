"""Runs the receiver: HTTP and gRPC together, until a signal; then the last requests are answered, the file sealed."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from spanledger_pipelines.collect import grpc_server
from spanledger_pipelines.collect.http_app import application
from spanledger_pipelines.collect.limits import Limits
from spanledger_pipelines.collect.receiver import Receiver
from spanledger_pipelines.collect.sources import Sources
from spanledger_pipelines.collect.tls import Tls
from spanledger_warehouse.errors import ConfigurationError

SHUTDOWN_SECONDS = 30


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes:
        landing: the landing zone.
        host: address to listen on.
        http_port: 0 for any free one.
        grpc_port: 0 for any free one; None for no gRPC.
        tokens: token file; None lets anybody send.
        limits: caps.
        seal_seconds: age at which a file is sealed, and the loader sees it.
        tls: encrypts both ports; None for a proxy in front that does, or for this machine only.
    """

    landing: Path
    host: str
    http_port: int
    grpc_port: int | None
    tokens: Path | None
    limits: Limits
    seal_seconds: float
    tls: Tls | None = None


def serve(options: Options, on_ready: Callable[[int, int | None], None]) -> None:
    """Receive until SIGTERM or SIGINT.

    Args:
        options: how.
        on_ready: called with the HTTP and gRPC ports once both listen.

    Raises:
        ConfigurationError: a port or the token file cannot be used.
    """
    sources = Sources(options.tokens)
    listening = _listen(options.host, options.http_port)
    try:
        receiver = Receiver(options.landing, sources, options.limits, seal_seconds=options.seal_seconds)
    except OSError as error:
        raise ConfigurationError(
            f"the landing zone {options.landing} cannot be written: {error}; mend its rights or name another"
        ) from error
    grpc_port, rpc = None, None
    if options.grpc_port is not None:
        rpc, grpc_port = grpc_server.start(receiver, options.host, options.grpc_port, options.tls)

    config = uvicorn.Config(
        application(receiver),
        access_log=False,
        log_level="warning",
        server_header=False,
        # Longer than the idle time of common exporters and proxies: the side that reuses connections should close them.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=options.limits.requests * 4,
        ssl_certfile=options.tls.certificate if options.tls else None,
        ssl_keyfile=options.tls.key if options.tls else None,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # For a signal before uvicorn listens to them, and for the one that it raises again once it has shut down.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    on_ready(listening.getsockname()[1], grpc_port)
    with contextlib.closing(listening):
        server.run(sockets=[listening])
    if rpc is not None:
        rpc.stop(SHUTDOWN_SECONDS).wait()
    receiver.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)  # whoever is told that we are ready can connect
    except OSError as error:
        listening.close()
        raise ConfigurationError(
            f"HTTP cannot listen on {host}:{port}: {error}; choose another port"
        ) from error
    return listening
