"""The short form of `make matrix`, in this environment; and what `doctor` says of old releases."""

import re
import subprocess
import sys
from pathlib import Path

from spanledger.supported import OLDEST, is_older

PROGRAM = Path(__file__).with_name("acceptance.py")
README = Path(__file__).parents[3] / "instrumentation" / "README.md"


def test_every_client_of_this_environment_is_accepted(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, PROGRAM, tmp_path], capture_output=True, text=True, check=False, timeout=120
    )
    tried = {line.split()[0]: line.split()[2] for line in ended.stdout.splitlines()}
    assert (ended.returncode, ended.stderr) == (0, "")
    others = ["mistralai", "groq", "cohere", "openrouter", "ollama", "opentelemetry-sdk", "doctor"]
    assert tried == dict.fromkeys([*OLDEST, *others], "ok")


def test_releases_are_compared_by_their_numbers() -> None:
    assert is_older("0.25.1", "0.25.2")
    assert not is_older("0.25.2", "0.25.2")
    assert not is_older("0.100.0", "0.34.0")
    assert is_older("1.9.99", "1.40.0")
    assert not is_older("2.0.0b1", "2.0.0")


def test_doctor_says_which_client_is_older_than_what_is_tested(tmp_path: Path) -> None:
    for name, version in (("openai", "1.39.9"), ("anthropic", OLDEST["anthropic"])):
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    said = subprocess.run(
        [sys.executable, "-m", "spanledger", "doctor"],
        env={"PYTHONPATH": str(tmp_path), "SPANLEDGER_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout
    assert f"openai 1.39.9 is older than {OLDEST['openai']}, the oldest that is tested" in said
    assert said.count("is older than") == 1


def test_the_readme_names_the_same_releases() -> None:
    (line,) = re.findall(r"Tested from .*", README.read_text())
    assert dict(re.findall(r"([a-z0-9-]+) ([0-9.]*[0-9])", line)) == OLDEST
