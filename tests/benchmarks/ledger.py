"""What the ledger costs: load, price and publish a million calls, then one more day. Figures are CPU seconds.

Run `python -m tests.benchmarks.ledger [CALLS]`. Data as in design §8: 20 tenants, 40 operations, 90 days.
"""

import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spanledger_warehouse import runs
from spanledger_warehouse.checks import discover as all_checks
from spanledger_warehouse.database import connect
from spanledger_warehouse.looking import read_configured_seeds
from spanledger_warehouse.settings import Settings, load_settings

DAYS = 90
FIRST = datetime(2026, 7, 1, tzinfo=UTC)
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-5.6-sol", "gpt-5.6-luna", "gpt-4.1", "text-embedding-3-small")


def record(number: int, day: int) -> str:
    """One call, all of it a function of its number."""
    end = int((FIRST + timedelta(days=day)).timestamp() * 1e9) + (number * 7_919_000_003) % 86_399_000_000_000
    prompt, cached, answer = 200 + number % 9000, number % 190, 20 + number % 700
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return json.dumps(
        {
            "v": 1,
            "kind": "span",
            "process": f"{day:032x}",
            "sequence": number,
            "trace_id": f"{number:032x}",
            "span_id": f"{number:016x}",
            "scope": "spanledger",
            "start_time_unix_nano": end - 1_523_000_000,
            "end_time_unix_nano": end,
            "service": f"service-{number % 5}",
            "tenant": f"tenant-{number % 20}",
            "operation": f"operation-{number % 40}",
            "provider": "openai",
            "request_model": MODELS[number % len(MODELS)],
            "response_model": MODELS[number % len(MODELS)],
            "response_id": f"chatcmpl-{day}-{number}",
            "http_status": 200,
            "usage_family": "openai_chat",
            "usage_status": "complete",
            "usage_raw": json.dumps(usage),
            "metadata": '{"edge_case_id": "EC-17"}',
            "attributes": {"server.address": "api.openai.com"},
        },
        separators=(",", ":"),
    )


def land(settings: Settings, day: int, calls: int) -> None:
    """A day's calls as one landing file."""
    settings.home.landing.mkdir(parents=True, exist_ok=True)
    with (settings.home.landing / f"day-{day:03}.jsonl").open("w", encoding="utf-8") as file:
        for number in range(1, calls + 1):
            file.write(record(number, day) + "\n")


@contextmanager
def timed(what: str, calls: int) -> Iterator[None]:
    """Print CPU and wall seconds, and calls per CPU second."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{what:34} {cpu:8.2f} CPU s {wall:8.2f} s wall {calls / max(cpu, 1e-9):12,.0f} calls/CPU s",
        flush=True,
    )


def one_pass(settings: Settings, name: str, calls: int) -> None:
    """Load, build, check and publish what is new."""
    seeds, now = read_configured_seeds(settings), datetime.now(UTC).replace(tzinfo=None)
    with connect(settings) as connection:
        runs.start_run(connection, name, now)
        with timed(f"{name}: landing → raw", calls):
            runs.load_landing(connection, settings, run_id=name, now=now)
        runs.load_seeds(connection, seeds, run_id=name, now=now)
        spent: Counter[str] = Counter()
        for model in runs.models_in_order():
            if model.full_name != "marts.data_quality":
                cpu = time.process_time()
                runs.build_model(connection, model, run_id=name, now=now)
                spent[model.full_name] += time.process_time() - cpu
        for table, seconds in spent.most_common(8):
            print(f"{name}: {table:32} {seconds:8.2f} CPU s", flush=True)
        print(f"{name}: all models {sum(spent.values()):.2f} CPU s", flush=True)
        with timed(f"{name}: checks", calls):
            for check in all_checks().values():
                runs.check(connection, check, run_id=name, now=now)
            quality = next(
                model for model in runs.models_in_order() if model.full_name == "marts.data_quality"
            )
            runs.build_model(connection, quality, run_id=name, now=now)
        with timed(f"{name}: publish", calls):
            runs.publish_run(connection, settings, run_id=name, now=now)


def main() -> None:
    """Build a ledger of CALLS calls (a million by default), then add a day to it."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder) / "home", {})
        for day in range(DAYS):
            land(settings, day, calls // DAYS)
        one_pass(settings, "all days", calls)
        land(settings, DAYS, calls // DAYS)
        one_pass(settings, "one more day", calls // DAYS)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
