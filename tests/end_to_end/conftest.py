"""The command line as a user starts it: its own process, its own home, seeds at a commit of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Spanledger = Callable[..., "subprocess.CompletedProcess[str]"]

ROOT = Path(__file__).resolve().parents[2]


def _commit_all(repository: Path, message: str) -> None:
    """Commit every change in `repository`, whoever runs the tests."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", repository, "add", "--all"], check=True)
    subprocess.run(["git", "-C", repository, *identity, "commit", "--quiet", "-m", message], check=True)


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeds repository with today's seeds as its only commit."""
    repository = tmp_path_factory.mktemp("seeds")
    shutil.copytree(ROOT / "pricing_seeds", repository, dirs_exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", repository], check=True)
    _commit_all(repository, "Seeds")
    return repository


@pytest.fixture(scope="session")
def spanledger(seeds: Path) -> Spanledger:
    """`spanledger(*arguments, home=…)` runs the command line and insists on its exit code."""

    def run(
        *arguments: str, home: Path, seeds: Path = seeds, expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        foreign = ("OTEL_", "SPANLEDGER_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        env |= {"SPANLEDGER_HOME": str(home), "SPANLEDGER_SEEDS": str(seeds), "NO_COLOR": "1"}
        program = "from spanledger.command import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=env,
            cwd=home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run
