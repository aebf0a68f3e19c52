"""The commands and the page about them, over a real server on a real port."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.warehouse.serve.conftest import Site

PAGE = Path(__file__).resolve().parents[3] / "warehouse" / "serving.md"
COSTS = "/api/v1/analytics/llm-costs"


def spanledger(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command over a home."""
    return subprocess.run(
        [sys.executable, "-m", "spanledger", *arguments],
        check=False,
        env=environment(home),
        capture_output=True,
        text=True,
    )


def environment(home: Path) -> dict[str, str]:
    """The environment of a command."""
    return {**os.environ, "SPANLEDGER_HOME": str(home)}


@dataclass
class Server:
    """A server that runs.

    Attributes:
        address: where.
        token: of an administrator.
        process: of the server.
    """

    address: str
    token: str
    process: subprocess.Popen[str]

    def get(self, path: str, token: str | None = None) -> int:
        """The status of an answer."""
        request = urllib.request.Request(
            self.address + path, headers={"Authorization": f"Bearer {token or self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


def start(home: Path, *options: str) -> Server:
    """Start a server; its first lines say where, and the token where there is no other."""
    process = subprocess.Popen(
        [sys.executable, "-m", "spanledger", "serve", "--port", "0", *options],
        env=environment(home) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert "Serving on" in said, process.communicate()[1]
    (address,) = re.findall(r"on (http://\S+);", said)
    token = ""
    if not (home / "tokens.json").exists() and "--jwt-keys" not in options:
        assert "Nobody has a token yet" in process.stdout.readline()
        token = process.stdout.readline().strip()
    return Server(address, token, process)


@pytest.fixture(scope="module")
def home(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the published file and no tokens."""
    folder = tmp_path_factory.mktemp("command") / "home"
    shutil.copytree(site.ledger.settings.home.published, folder / "published", symlinks=True)
    return folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    running = start(home)
    yield running
    running.process.send_signal(signal.SIGTERM)
    _, log = running.process.communicate(timeout=30)
    assert running.process.returncode == 0, log
    assert list((home / "serve").iterdir()) == [], "it left its folder behind"
    assert running.token not in log


def test_a_server_without_tokens_prints_one_of_its_own(server: Server) -> None:
    assert server.get(f"{COSTS}/daily") == 200
    assert server.get(f"{COSTS}/daily", token="nonsense") == 401


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's examples are for curl")
def test_the_pages_requests_are_answered(server: Server) -> None:
    commands = re.findall(r"^curl .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) >= 8
    for command in commands:
        ran = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8321", server.address)],
            check=False,
            env={**os.environ, "TOKEN": server.token},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        if "text/csv" in command or "/metrics" in command:
            assert len(ran.stdout.splitlines()) > 2, command
        else:
            assert json.loads(ran.stdout)["rows"], f"{command} shows nothing"


def test_every_option_of_the_command_is_on_the_page(home: Path) -> None:
    shown = spanledger(home, "serve", "--help").stdout
    options = set(re.findall(r"--[a-z-]+", shown)) - {"--help", "--home"}
    page = PAGE.read_text(encoding="utf-8")
    assert {"--host", "--jwt-issuer", "--console-seconds"} <= options
    assert not [option for option in options if f"`{option}`" not in page]


def test_tokens_are_made_listed_expired_and_revoked_by_command(site: Site, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(site.ledger.settings.home.published, home / "published", symlinks=True)
    made = spanledger(home, "token", "create", "finance", "--tenant", "globex", "--days", "3")
    token = made.stdout.strip()
    assert re.fullmatch(r"slt_[0-9a-f]{12}_[\w-]{43}", token), made
    running = start(home)
    try:
        assert running.get(f"{COSTS}/daily", token) == 200
        assert running.get("/api/v1/llm-pricing", token) == 403
        listed = spanledger(home, "token", "list")
        assert "finance" in listed.stdout
        assert token.split("_", 2)[2] not in listed.stdout
        assert "valid until" in spanledger(home, "token", "expire", "finance", "--in-days", "1").stdout
        assert running.get(f"{COSTS}/daily", token) == 200
        assert spanledger(home, "token", "revoke", "finance").returncode == 0
        assert running.get(f"{COSTS}/daily", token) == 401
        (entry,) = json.loads(spanledger(home, "token", "list", "--json").stdout)
        assert (entry["state"], entry["tenants"]) == ("revoked", ["globex"])
    finally:
        running.process.send_signal(signal.SIGINT)
        running.process.communicate(timeout=30)
    again = spanledger(home, "token", "revoke", "finance")
    assert (again.returncode, "spanledger token list" in again.stderr) == (2, True)


def test_jwts_of_the_configured_issuer_are_let_in(home: Path, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    keys = tmp_path / "keys.pem"
    keys.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    running = start(
        home, "--jwt-issuer", "https://login", "--jwt-audience", "spanledger", "--jwt-keys", str(keys)
    )
    claims = {
        "iss": "https://login",
        "aud": "spanledger",
        "sub": "ada",
        "role": "viewer",
        "tenants": ["globex"],
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    try:
        assert running.get(f"{COSTS}/daily", jwt.encode(claims, key, "ES256")) == 200
        other = ec.generate_private_key(ec.SECP256R1())
        assert running.get(f"{COSTS}/daily", jwt.encode(claims, other, "ES256")) == 401
    finally:
        running.process.terminate()
        running.process.communicate(timeout=30)


def test_others_are_not_let_in_without_a_credential(home: Path) -> None:
    refused = spanledger(home, "serve", "--port", "0", "--host", "0.0.0.0")
    assert (refused.returncode, "spanledger token create" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    "options", [["--certificate", "a.pem"], ["--jwt-issuer", "x"]], ids=lambda options: options[0]
)
def test_a_set_up_that_makes_no_sense_is_refused(home: Path, options: list[str]) -> None:
    refused = spanledger(home, "serve", *options)
    assert (refused.returncode, "error:" in refused.stderr) == (2, True)


def test_a_tenant_is_handed_its_own_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "globex.duckdb"
    done = spanledger(home, "publish", "--tenant", "globex", "-o", str(file))
    assert "8 calls of globex" in done.stdout, done
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("select distinct tenant_id from marts.calls").fetchall() == [("globex",)]
    again = spanledger(home, "publish", "--tenant", "globex", "-o", str(file))
    assert (again.returncode, "exists" in again.stderr) == (2, True)
    unknown = spanledger(home, "publish", "--tenant", "nobody", "-o", str(tmp_path / "nobody.duckdb"))
    assert (unknown.returncode, "no calls of nobody" in unknown.stderr) == (1, True)
    assert not (tmp_path / "nobody.duckdb").exists()
