"""`make matrix`: the acceptance program in an environment of the oldest, of older, and of the newest client releases.

`python -m tests.instrumentation.matrix [COLUMN ...]` runs some columns only; another Python runs them all with
`make matrix PYTHON=python3.13 VENV=.venv313`.
"""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.environments import CHECKOUT, python_with

from spanledger.supported import OLDEST

# What came out last before the SDKs went from httpx to httpx2.
LAST_ON_HTTPX = ("openai<3", "anthropic<1", "google-genai<2", "httpx", "aiohttp", "requests", "botocore")
# SDKs on top of httpx that the newest column tries too.
OTHERS = ("mistralai", "groq", "cohere", "openrouter", "ollama")


def oldest() -> list[str]:
    """The oldest release of each client, and of each dependency of our own."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    floors = [re.match(r"([\w.-]+)>=([\w.]+)", line) for line in project["dependencies"]]
    own = [f"{floor[1]}=={floor[2]}" for floor in floors if floor]
    return [*own, *(f"{name}=={version}" for name, version in OLDEST.items())]


def columns() -> dict[str, list[str]]:
    """What each environment holds."""
    return {"oldest": oldest(), "last-on-httpx": list(LAST_ON_HTTPX), "newest": [*OLDEST, *OTHERS]}


def main(chosen: list[str]) -> int:
    """Run the columns; the exit code says whether all of them hold."""
    failed = []
    for name, requirements in columns().items():
        if chosen and name not in chosen:
            continue
        print(f"== {name}, Python {platform.python_version()}", flush=True)
        python = python_with(f"matrix-{name}", *requirements, newest=name != "oldest")
        with tempfile.TemporaryDirectory() as home:
            program = Path(__file__).with_name("acceptance.py")
            if subprocess.run([python, program, home], check=False, cwd=home).returncode:
                failed.append(name)
    print(f"Failed: {', '.join(failed)}." if failed else "All of it holds.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
