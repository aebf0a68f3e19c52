"""However the same records arrive - in any order, in any files, twice - the published rows are the same."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts

SEEDS = seed_texts(price("input", "0.0000037"), price("output", "15.1"), price("cache_read", "0.3"))
TABLES = (
    "marts.daily_costs",
    "marts.costs_by_model",
    "marts.hourly_costs",
    "marts.calls",
    "ledger.cost_lines",
)
CHANGING = {"complete_through", "source_file", "source_line"}


def records(chance: random.Random):
    """Calls of three days with copies of calls, repeated answers, failures and impossible usage among them."""
    made = []
    for number in range(1, 60):
        ended = NOON + timedelta(seconds=chance.randrange(3 * 86_400))
        prompt = chance.randrange(1, 10**6)
        usage = chat(prompt, chance.randrange(10**4), cached=chance.randrange(prompt))
        kind = chance.choice(["plain"] * 6 + ["copy", "answer", "failed", "impossible", "unknown"])
        made.append(span(number, ended=ended, usage=usage, tenant=chance.choice(["a", "b", None])))
        if kind == "copy":
            made.append(made[-1] | {"scope": "other", "usage_status": "partial"})
        elif kind == "answer":
            made.append(made[-1] | {"sequence": number + 1000, "scope": "other"})
        elif kind == "failed":
            made[-1] = span(number, ended=ended, http_status=500, usage_status="missing")
        elif kind == "impossible":
            made[-1] |= {"usage_raw": '{"prompt_tokens": -1, "completion_tokens": 2}'}
        elif kind == "unknown":
            made[-1] |= {"response_model": "a-9"}
    return made


def published(ledger):
    return [
        [
            {key: value for key, value in row.items() if key not in CHANGING}
            for row in ledger.published_rows(query)
        ]
        for query in (f"select * from {table} order by all" for table in TABLES)
    ]


@pytest.mark.parametrize("seed", [1])
def test_order_files_batches_and_repeats_do_not_change_what_is_published(tmp_path, seed):
    chance = random.Random(seed)
    sent = records(chance)
    whole = Ledger(tmp_path / "whole", SEEDS)
    whole.land("all.jsonl", sent)
    whole.run()

    parts = Ledger(tmp_path / "parts", SEEDS)
    again = [*sent, *chance.sample(sent, 10)]
    chance.shuffle(again)
    for place in range(4):
        parts.land(f"{chance.randrange(10**6)}.jsonl", again[place::4])
        if place in (1, 3):
            parts.run()

    assert published(parts) == published(whole)
    parts.land("once-more.jsonl", sent)
    parts.run()
    assert published(parts) == published(whole)
    assert parts.published_rows("select sum(calls)::bigint as n from marts.daily_costs") == [{"n": 59}]
