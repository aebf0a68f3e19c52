"""The same calls priced by genai-prices and by LiteLLM, each in an environment of its own, beside ours.

    python -m tests.benchmarks.pricing_peers [calls]

The environment is made in a temporary folder with pip, or taken from SPANLEDGER_BENCH_PEERS (its python).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from tests.benchmarks import pricing

PEERS = ("genai-prices", "litellm")
_CALLS = """
copy (
    select provider, model_id as model, strftime(billed_at, '%Y-%m-%dT%H:%M:%S+00:00') as at, input_tokens,
        output_tokens, cache_read_quantity as cache_read,
        cache_write_5m_quantity + cache_write_1h_quantity as cache_write
    from staging.stg_calls order by billed_at
) to '{file}' (format json)
"""


def peers_python(folder: Path) -> Path | None:
    """A python with both peers; None where they cannot be installed."""
    named = os.environ.get("SPANLEDGER_BENCH_PEERS")
    if named:
        return Path(named)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *PEERS], check=False, capture_output=True
    )
    return python if done.returncode == 0 else None


def main(calls: int = 20_000) -> dict[str, float]:
    """Run it; prints and returns calls a second per core by engine."""
    figures = {"spanledger": pricing.main(1_000_000)["calls_per_core_second"]}
    with TemporaryDirectory() as name:
        folder = Path(name)
        with duckdb.connect() as connection:
            pricing.stage(connection, calls)
            connection.execute(_CALLS.format(file=folder / "calls.jsonl"))
        python = peers_python(folder)
        if python is None:
            print("pricing peers: not measured, pip could not install them")
            return figures
        for peer in PEERS:
            command = [python, Path(__file__).with_name("_peer.py"), peer, folder / "calls.jsonl"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(said.splitlines()[-1])
            figures[peer] = found["calls"] / found["seconds"]
            print(
                f"pricing peers: {peer} {found['version']} {figures[peer]:,.0f} calls/s per core; "
                f"{figures['spanledger'] / figures[peer]:.0f} times fewer than Spanledger"
            )
    return figures


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
