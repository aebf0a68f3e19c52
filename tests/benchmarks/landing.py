"""What landing costs: records → raw, linked, staged, deduplicated and archived, from many files. CPU and wall.

Run `python -m tests.benchmarks.landing [SPANS]`. The bar (design §8) is 150,000 spans a second on two cores, which is
13.3 µs of CPU a span when both are busy.
"""

import json
import sys
import tempfile
import time
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from tests.benchmarks.ledger import record

from spanledger_warehouse import runs
from spanledger_warehouse.build import build
from spanledger_warehouse.database import connect
from spanledger_warehouse.landing.records import STRUCTURE
from spanledger_warehouse.models import discover
from spanledger_warehouse.settings import load_settings

FILES = 40
DAYS = 20
STAGED = "staging.stg_calls"


class Clock:
    """Prints what a step cost a span."""

    def __init__(self, spans: int) -> None:
        self.spans = spans
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def show(self, what: str) -> None:
        """The step since the last, in microseconds a span."""
        cpu, wall = time.process_time() - self.cpu, time.perf_counter() - self.wall
        print(
            f"{what:28} {cpu / self.spans * 1e6:7.2f} µs CPU {wall / self.spans * 1e6:7.2f} µs wall a span "
            f"{self.spans / max(wall, 1e-9):12,.0f} spans/s",
            flush=True,
        )
        self.cpu, self.wall = time.process_time(), time.perf_counter()


def main() -> None:
    """Land SPANS (400,000 by default) in many files, stage and archive them."""
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 400_000
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder) / "home", {})
        settings.home.landing.mkdir(parents=True)
        for place in range(FILES):
            with (settings.home.landing / f"{place:03}.jsonl").open("w", encoding="utf-8") as file:
                for number in range(place, spans, FILES):
                    file.write(record(number + 1, place % DAYS) + "\n")
        with connect(settings) as connection:
            now = datetime(2026, 8, 1)  # noqa: DTZ001
            runs.start_run(connection, "bench", now)
            clock = Clock(spans)
            columns = ", ".join(f"'{key}': '{kind}'" for key, kind in json.loads(STRUCTURE).items())
            connection.execute(
                f"create temp table floor as from read_json('{settings.home.landing}/*.jsonl', "
                f"format = 'newline_delimited', columns = {{{columns}}})"
            )
            clock.show("floor: DuckDB reads typed")
            connection.execute("drop table floor")
            total, clock = Clock(spans), Clock(spans)
            runs.load_landing(connection, settings, run_id="bench", now=now)
            clock.show("landing → raw, linked")
            days = [
                day for (day,) in connection.execute("select distinct day from ops.dirty_days").fetchall()
            ]
            for model in takewhile(lambda model: model.full_name != STAGED, discover().values()):
                if model.schema == "staging" and not model.is_loaded:
                    build(connection, model, days)
            build(connection, discover()[STAGED], days)
            clock.show("staged, deduplicated")
            runs.archive_landing(connection, settings)
            clock.show("archived")
            total.show("all")


if __name__ == "__main__":
    main()
