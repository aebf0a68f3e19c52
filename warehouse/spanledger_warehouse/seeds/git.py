"""Running git. The only module that starts a process."""

import subprocess
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError


def run_git(folder: Path, *arguments: str) -> bytes:
    """What a git command printed.

    Raises:
        SeedError: git is not installed, or the command failed; with git's own words.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SeedError(
            "prices are read from a commit with git, and no git is on PATH; "
            "install git, or price the folder as it is with --uncommitted"
        ) from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise SeedError(f"git {arguments[0]} failed in {folder}: {words}")
    return done.stdout


def try_git(folder: Path, *arguments: str) -> str | None:
    """What a git command printed, stripped; None where it failed (but not where git is missing)."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        run_git(folder, *arguments)  # raises with the words for a missing git
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def git_is_there() -> bool:
    """Whether git can be run at all."""
    try:
        return subprocess.run(["git", "--version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
