"""Virtual environments for what does not go into ours: made under `build/`, and again when their list changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
_FOLDER = CHECKOUT / "build" / "environments"


def python_with(name: str, *requirements: str, options: Sequence[str] = (), newest: bool = False) -> Path:
    """The interpreter of an environment that holds these requirements and this checkout, editable.

    Args:
        name: of the environment.
        requirements: as pip takes them.
        options: further options of `pip install`.
        newest: look for newer releases each time.

    Raises:
        subprocess.CalledProcessError: pip found no way to install them together.
    """
    asked = "\n".join([sys.version, *options, *requirements, (CHECKOUT / "pyproject.toml").read_text()])
    stamp = hashlib.sha256(asked.encode()).hexdigest()
    folder = _FOLDER / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}"
    python, made = folder / "bin" / "python", folder / "made-from"
    is_made = made.is_file() and made.read_text() == stamp
    if not is_made:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
    if newest or not is_made:
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
        subprocess.run([*pip, *options, *requirements, "--editable", str(CHECKOUT)], check=True)
        made.write_text(stamp)
    return python


def installed(python: Path, *names: str) -> dict[str, str]:
    """The versions of distributions in an environment."""
    program = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    found = subprocess.run([python, "-c", program, *names], check=True, capture_output=True, text=True)
    return dict(zip(names, found.stdout.split(), strict=True))
