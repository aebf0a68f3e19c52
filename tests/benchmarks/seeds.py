"""What the seeds cost: reading, parsing and the whole gate on the shipped catalogue. Figures are CPU seconds.

Run `python -m tests.benchmarks.seeds` in a checkout. Bar: the gate in under two seconds.
"""

import time
from collections.abc import Callable
from pathlib import Path

from spanledger_warehouse.seeds import parse, read_seeds
from spanledger_warehouse.seeds.check import check

FOLDER = Path(__file__).resolve().parents[2] / "pricing_seeds"


def timed(what: str, work: Callable[[], object]) -> None:
    """Print CPU and wall seconds of one piece of work."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    print(
        f"{what:24} {time.process_time() - cpu:6.2f} CPU s {time.perf_counter() - wall:6.2f} s wall",
        flush=True,
    )


def main() -> None:
    """Print one line per step."""
    seeds = read_seeds(FOLDER, allow_uncommitted=True)
    timed("read", lambda: read_seeds(FOLDER, allow_uncommitted=True))
    timed("parse and cross-check", lambda: parse(seeds))
    timed("the whole gate", lambda: check(seeds, "HEAD"))


if __name__ == "__main__":
    main()
