"""Running git. The only module that starts a process."""

import os
import subprocess
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError

# Inside a git hook these would point every command at the repository of the hook.
_OF_HOOKS = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE")

# A replaced object would show another history than the commits' ids stand for.
_GIT = ("git", "--no-replace-objects", "-C")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    return {**kept, "LC_ALL": "C"}


def run_git(folder: Path, *arguments: str, standard_input: bytes = b"") -> bytes:
    """What a git command printed.

    Raises:
        SeedError: git is not installed, or the command failed; with git's own words.
    """
    try:
        command = [*_GIT, str(folder), *arguments]
        done = subprocess.run(
            command, input=standard_input, capture_output=True, check=False, env=_environment()
        )
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
        done = subprocess.run(
            [*_GIT, str(folder), *arguments], capture_output=True, check=False, env=_environment()
        )
    except FileNotFoundError:
        run_git(folder, *arguments)  # raises with the words for a missing git
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def words_of_git(folder: Path, *arguments: str) -> str:
    """What a git command said on standard error where it succeeded; nothing where it failed."""
    command = [*_GIT, str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env=_environment())
    return done.stderr.decode(errors="replace") if done.returncode == 0 else ""
