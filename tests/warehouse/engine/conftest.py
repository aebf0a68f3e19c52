"""A Spark Connect server of the tests' own.

It is Sail as a cluster of this machine's processes; or, where SPANLEDGER_TEST_SPARK names an environment with pyspark
(`make spark`), a Spark of one master and two workers.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

STARTING_SECONDS = 120
SPARK = os.environ.get("SPANLEDGER_TEST_SPARK")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server."""
    with ExitStack() as servers:
        # The client takes a main module without a file, such as that of a worker of pytest-xdist, for its own doctests.
        patch = servers.enter_context(pytest.MonkeyPatch.context())
        if not hasattr(sys.modules["__main__"], "__file__"):
            patch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        yield _spark(servers, tmp_path_factory.mktemp("spark")) if SPARK else _sail(servers)


def _sail(servers: ExitStack) -> str:
    port = _free_port()
    program = str(Path(sys.executable).with_name("sail"))
    servers.enter_context(
        _server(
            [program, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
            port,
            SAIL_MODE="local-cluster",
            RUST_LOG="error",
        )
    )
    return f"sc://127.0.0.1:{port}"


def _spark(servers: ExitStack, folder: Path) -> str:
    home = next(Path(str(SPARK)).glob("lib/python3*/site-packages/pyspark"))
    variables = {
        "SPARK_HOME": str(home),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TZ": "UTC",
    }
    run = str(home / "bin" / "spark-class")
    master, connect = _free_port(), _free_port()
    deploy = "org.apache.spark.deploy"
    address = f"spark://127.0.0.1:{master}"
    servers.enter_context(
        _server(
            [
                run,
                f"{deploy}.master.Master",
                "--host",
                "127.0.0.1",
                "--port",
                str(master),
                "--webui-port",
                "0",
            ],
            master,
            **variables,
        )
    )
    for _ in range(2):
        port = _free_port()
        size = ["--cores", "1", "--memory", "1g", "--port", str(port), "--webui-port", "0"]
        servers.enter_context(
            _server(
                [run, f"{deploy}.worker.Worker", *size, "--host", "127.0.0.1", address], port, **variables
            )
        )
    settings = {
        "spark.connect.grpc.binding.port": connect,
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 4,
        "spark.executor.memory": "512m",
    }
    servers.enter_context(
        _server(
            [
                *(str(home / "bin" / "spark-submit"), "--master", address),
                *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
                *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"),
            ],
            connect,
            **variables,
        )
    )
    return f"sc://127.0.0.1:{connect}"


@contextmanager
def _server(command: list[str], port: int, **variables: str) -> Iterator[None]:
    """A process that listens on the port while the context is open."""
    process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + STARTING_SECONDS
        while not _answers(port):
            assert process.poll() is None, f"{command[0]} stopped"
            assert time.monotonic() < until, f"{command[0]} does not listen"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
