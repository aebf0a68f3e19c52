"""A process that starts run after run and kills each with SIGKILL at a random instant.

Run as `python -m tests.warehouse.runs.crashing HOME ROUNDS SEED`; the runs are forked from it, so that each starts at
once. It opens no database itself.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts

INPUT, OUTPUT = price("input", "3"), price("output", "15")
CHEAP = seed_texts(INPUT, OUTPUT)
DEAR = seed_texts(
    INPUT, OUTPUT, price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change")
)


def records_of(number):
    """What lands before a round: new calls on two days, a late one, and a copy of one that came before."""

    def call(of, index, ended, usage):
        return span(1000 * (of + 1) + index, ended=ended, usage=usage)

    mine = [
        call(number, index, NOON + timedelta(days=index % 2, seconds=number), chat(100 + index, 10))
        for index in range(6)
    ]
    late = call(number, 9, NOON - timedelta(days=1, seconds=number), chat(7, 3))
    before = max(number - 1, 0)
    copy = call(before, 0, NOON + timedelta(seconds=before), chat(100, 10))
    return [*mine, late, copy, "{broken"]


def ledger_of(home, number):
    """The ledger of a round; its prices change every few rounds."""
    ledger = Ledger(home, DEAR if number // 5 % 2 else CHEAP)
    ledger.now += timedelta(minutes=10 * number)
    ledger.run_number = 10 * number
    return ledger


def one_round(home, number, patience):
    """Whether the run came to its end before it was killed."""
    child = os.fork()
    if child == 0:
        try:
            ledger_of(home, number).run()
            os._exit(0)
        except BaseException as error:
            print(f"round {number}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, f"round {number} failed by itself"
            return True
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main():
    """Print how many rounds ended and how many were killed."""
    home, rounds = Path(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(int(sys.argv[3]))
    ended = Counter()
    started = time.monotonic()
    ledger_of(home, 0).land("0.jsonl", records_of(0))
    assert one_round(home, 0, 600)
    whole = time.monotonic() - started
    for number in range(1, rounds + 1):
        ledger_of(home, number).land(f"{number}.jsonl", records_of(number))
        ended[one_round(home, number, chance.uniform(0, 1.15 * whole))] += 1
    print(json.dumps({"killed": ended[False], "ended": ended[True]}))


if __name__ == "__main__":
    main()
