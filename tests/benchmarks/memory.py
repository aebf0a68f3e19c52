"""What SPANLEDGER_MEMORY_LIMIT bounds: the peak of the whole process that loads, prices, publishes and archives calls.

Run `python -m tests.benchmarks.memory [CALLS] [LIMIT …]`. Each limit runs in a process of its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.ledger import DAYS, land

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.looking import read_configured_seeds
from spanledger_warehouse.settings import load_settings

LIMITS = ("512MB", "1GB")


def one_pass(home: Path, limit: str) -> None:
    """Load, build, check, publish and archive what lies in the landing zone; print the peak in MiB."""
    settings = replace(load_settings(home, {}), memory_limit=limit)
    seeds, now = read_configured_seeds(settings), datetime.now(UTC).replace(tzinfo=None)
    with connect(settings) as connection:
        runs.start_run(connection, "memory", now)
        runs.load_landing(connection, settings, run_id="memory", now=now)
        runs.load_seeds(connection, seeds, run_id="memory", now=now)
        for model in runs.models_in_order():
            runs.build_model(connection, model, run_id="memory", now=now)
        runs.publish_run(connection, settings, run_id="memory", now=now)
        runs.archive_landing(connection, settings)
        row = connection.execute("select count(*) from ledger.call_costs").fetchone()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"calls": row[0] if row else 0, "peak": round(peak)}))


def main() -> None:
    """Print the peak for each limit; a million calls by default."""
    if sys.argv[1:2] == ["--one-pass"]:
        one_pass(Path(sys.argv[2]), sys.argv[3])
        return
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for limit in sys.argv[2:] or LIMITS:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            for day in range(DAYS):
                land(load_settings(home, {}), day, calls // DAYS)
            started = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.memory", "--one-pass", str(home), limit],
                capture_output=True,
                text=True,
                check=False,
            )
        wall = time.perf_counter() - started
        if done.returncode:
            print(f"limit {limit:>6}: failed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        found = json.loads(done.stdout)
        print(
            f"limit {limit:>6}: peak {found['peak']:5} MiB, {found['calls']:,} calls, {wall:.0f} s wall",
            flush=True,
        )


if __name__ == "__main__":
    main()
