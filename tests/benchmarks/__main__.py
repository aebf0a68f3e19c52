"""`make bench`: every benchmark, one after the other. Each also runs by itself: `python -m tests.benchmarks.<name>`."""

import pkgutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each benchmark in a process of its own, so that none warms another."""
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda found: found.name):
        if not module.name.startswith("_"):
            print(f"== {module.name}", flush=True)
            subprocess.run([sys.executable, "-m", f"tests.benchmarks.{module.name}"], check=True)


if __name__ == "__main__":
    main()
