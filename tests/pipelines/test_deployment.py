"""The recipes of `pipelines/deployment.md`, taken from the page and run, or checked by the tool that would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.environments import python_with
from tests.pipelines.collect.receivers import command_line, environment, receiver, records_of

PAGE = (Path(__file__).parents[2] / "pipelines" / "deployment.md").read_text(encoding="utf-8")
HTTP = """
import httpx2
def summarize(event):
    answer = {"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=answer))
    with httpx2.Client(transport=transport) as http:
        http.post("https://api.openai.com/v1/chat/completions", json={"model": "m"})
    return "a summary"
"""

INVOCATIONS = """
import sys
for line in sys.stdin:
    print(handler({"tenant": line.strip()}, None), flush=True)
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def manifests() -> Iterator[dict[str, Any]]:
    for block in blocks("yaml"):
        yield from yaml.safe_load_all(block)


def containers() -> Iterator[dict[str, Any]]:
    for one in manifests():
        pod = one["spec"].get("template", {}).get("spec", {})
        yield from pod.get("initContainers", [])
        yield from pod.get("containers", [])


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (block,) = blocks("ini")
    unit = tmp_path / "spanledger-ship.service"
    here = str(Path(sys.executable).parent)
    unit.write_text(block.replace("/opt/spanledger/bin", here).replace("User=checkout", "User=root"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    mine = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, mine) == (0, [])
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=sometimes"))
    broken = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert "sometimes" in broken.stderr


def test_the_commands_of_the_containers_are_understood() -> None:
    commands = [one["args"] for one in containers() if "spanledger" in one["image"]]
    assert [arguments[0] for arguments in commands] == ["ship", "collect"]
    for arguments in commands:
        done = subprocess.run(
            command_line(*arguments, "--help"), capture_output=True, text=True, env=environment(), check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_both_containers_of_the_pod_see_the_same_spool() -> None:
    shipper, service = [one for one in containers() if any(m["name"] == "spool" for m in one["volumeMounts"])]
    (mount,) = service["volumeMounts"]
    assert shipper["args"][-2:] == ["--spool", mount["mountPath"]]
    assert {"name": "SPANLEDGER_SPOOL", "value": mount["mountPath"]} in service["env"]
    assert shipper["restartPolicy"] == "Always"


@pytest.mark.skipif(
    "SPANLEDGER_TEST_ROUNDS" not in os.environ, reason="fetches 100 MB of schemas; `make slow` runs it"
)
def test_the_manifests_hold_to_the_schemas_of_kubernetes(tmp_path: Path) -> None:
    python = python_with("kubernetes", "kubernetes-validate==1.37.0", "pyyaml")
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(manifests()))
    check = [python, "-m", "kubernetes_validate", "--strict", "-k", "1.37", file]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    file.write_text(yaml.safe_dump_all(manifests()).replace("readOnlyRootFilesystem", "readOnlyRoot"))
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0


def test_a_function_answers_once_its_calls_are_on_the_receivers_disk(tmp_path: Path) -> None:
    (handler,) = blocks("python")
    program = HTTP + handler + INVOCATIONS
    with receiver(tmp_path / "home") as running:
        port, landing = running.http_port, running.landing
        variables = {
            "SPANLEDGER_SPOOL": str(tmp_path / "spool"),
            "SPANLEDGER_SHIP_TO": f"http://127.0.0.1:{port}",
        }
        function = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment() | variables,
            cwd=tmp_path,
        )

        def invoke(tenant: str) -> None:
            assert function.stdin is not None
            assert function.stdout is not None
            function.stdin.write(f"{tenant}\n")
            function.stdin.flush()
            assert function.stdout.readline() == "a summary\n"

        def there() -> list[str]:
            return [record["tenant"] for record in records_of(landing) if record["kind"] == "span"]

        invoke("acme")
        assert there() == ["acme"]
        running.kill()
        invoke("globex")
        assert there() == ["acme"]
        with receiver(tmp_path / "home", http_port=port):
            invoke("initech")
            # Frozen and gone: nothing of the process runs any more.
            function.kill()
            assert sorted(there()) == ["acme", "globex", "initech"]
    _, said = function.communicate(timeout=30)
    assert "stays in the spool" in said


READ_ONLY = (
    'mount --rbind / / && mount -o remount,bind,ro / && mount -t tmpfs none "$1" && shift && exec "$@"'
)
ON_READ_ONLY = (
    HTTP
    + """
import json, os, sys, spanledger
from pathlib import Path
try:
    Path("anything").write_text("")
except OSError as error:
    assert error.errno == 30, error
else:
    sys.exit("the root is not read-only")
spanledger.instrument(tenant="acme", home=os.environ.get("HOME_FOLDER"))
assert [summarize(None) for _ in range(5)] == ["a summary"] * 5
spanledger.uninstrument()
found = [json.loads(line) for path in Path(sys.argv[1]).rglob("*.jsonl") for line in path.open()]
print(json.dumps([record["kind"] for record in found]))
"""
)


def read_only(writable: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    wrapped = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh", str(writable), *command]
    return subprocess.run(
        wrapped,
        capture_output=True,
        text=True,
        check=False,
        env=environment() | variables,
        cwd="/",
        timeout=60,
    )


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    if shutil.which("unshare") is None or read_only(folder, "true").returncode:
        pytest.skip("no right to make the root read-only here")
    return folder


def test_a_service_on_a_read_only_root_needs_its_spool_and_nothing_else(volume: Path) -> None:
    done = read_only(
        volume, sys.executable, "-c", ON_READ_ONLY, str(volume), SPANLEDGER_SPOOL=str(volume / "spool")
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ["span"] * 5 + ["segment"]


def test_where_nothing_can_be_written_calls_go_on_and_doctor_says_why(volume: Path) -> None:
    done = read_only(volume, sys.executable, "-c", ON_READ_ONLY, str(volume))
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "Read-only file system" in done.stderr
    doctor = read_only(volume, sys.executable, "-m", "spanledger", "doctor")
    assert doctor.returncode == 1
    assert re.search(r"problem +The spool \S+ cannot be written: Read-only file system", doctor.stdout)


def test_a_sidecar_sends_what_its_service_left_before_it_ends(tmp_path: Path) -> None:
    """Its service ends, one part of it by SIGKILL, and right after it the sidecar is told to end."""
    spool = tmp_path / "spool"
    program = f"{HTTP}\nimport os, spanledger\nspanledger.instrument(tenant='acme')\nsummarize(None)\n"
    with receiver(tmp_path / "home") as running:
        ship = ["ship", "--to", running.url, "--spool", str(spool), "--interval", "600"]
        sidecar = subprocess.Popen(command_line(*ship), env=environment())
        deadline = time.monotonic() + 60
        while not (spool / ".ship.lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        for end in ("", "os.kill(os.getpid(), 9)"):
            variables = environment() | {"SPANLEDGER_SPOOL": str(spool)}
            subprocess.run([sys.executable, "-c", program + end], env=variables, check=False, timeout=60)
        assert {path.suffix for path in spool.glob("*.jsonl*")} == {".jsonl", ".open"}
        sidecar.terminate()
        assert sidecar.wait(60) == 0
        assert [record["kind"] for record in running.records()].count("span") == 2
    assert list(spool.glob("*.jsonl*")) == []
