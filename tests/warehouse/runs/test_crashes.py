"""kill -9 anywhere in load, build, publish and archive: the next run reaches the rows of one that was not disturbed."""

import json
import os
import subprocess
import sys

import duckdb
from tests.warehouse.passes import Ledger
from tests.warehouse.runs.crashing import CHEAP, ledger_of, records_of

from spanledger_warehouse.archive.layout import Archive

ROUNDS = int(os.environ.get("SPANLEDGER_TEST_ROUNDS", "6"))
CHANGING = "source_file, source_line, seeds_commit"
TABLES = {
    "marts.daily_costs": "complete_through",
    "marts.costs_by_model": "complete_through",
    "marts.costs_by_operation": "complete_through",
    "marts.hourly_costs": "complete_through",
    "marts.calls": CHANGING,
    "ledger.cost_lines": "",
}


def digests(ledger):
    """An ordered digest of every published table, of what arrived, and of what is archived."""
    found = {}
    with ledger.published() as published:
        for table, left_out in TABLES.items():
            columns = [
                name
                for name, *_ in published.execute(f"describe {table}").fetchall()
                if name not in left_out.split(", ")
            ]
            text = " || '|' || ".join(f"coalesce({name}::varchar, '~')" for name in columns)
            found[table] = published.execute(
                f"select count(*), md5(string_agg({text}, chr(10) order by {text})) from {table}"
            ).fetchone()
    [arrived] = ledger.rows(
        "select count(*), md5(string_agg(content_hash, ' ' order by content_hash)) from raw.spans"
    )
    paths = [
        str(part.path) for parts in Archive(ledger.settings.home.archive).days().values() for part in parts
    ]
    archived = duckdb.execute(
        "select count(*), md5(string_agg(md5(body), ' ' order by md5(body))) from read_parquet(?)", [paths]
    ).fetchone()
    return {**found, "raw.spans": tuple(arrived.values()), "archive": archived}


def test_runs_that_are_killed_anywhere_reach_the_rows_of_one_that_was_not(tmp_path):
    home = tmp_path / "killed"
    done = subprocess.run(
        [sys.executable, "-m", "tests.warehouse.runs.crashing", str(home), str(ROUNDS), "20261124"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["killed"] >= ROUNDS // 3
    killed = ledger_of(home, ROUNDS + 1)
    killed.texts = CHEAP
    killed.run()
    assert killed.look().nothing_new

    whole = Ledger(tmp_path / "whole", CHEAP)
    for number in range(ROUNDS + 1):
        whole.land(f"{number}.jsonl", records_of(number))
    whole.run()

    assert digests(killed) == digests(whole)
    # 7 new calls a round; the copies count once.
    [row] = killed.published_rows("select cast(sum(calls) as bigint) as calls from marts.daily_costs")
    assert row == {"calls": 7 * (ROUNDS + 1)}
