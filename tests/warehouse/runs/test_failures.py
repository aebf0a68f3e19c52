"""What goes wrong publishes nothing, loses nothing, and is finished by the next run."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import CheckFailed, SpanledgerError
from spanledger_warehouse.seeds.errors import SeedError

INPUT, OUTPUT = price("input", "3"), price("output", "15")
LATER = price("input", "4", effective_from="2026-03-01T00:00:00Z", change_kind="price_change")
TABLES = (
    "marts.daily_costs",
    "marts.calls",
    "marts.costs_by_model",
    "marts.costs_by_operation",
    "ledger.cost_lines",
)


def published_bytes(ledger):
    return ledger.settings.home.published_file.read_bytes()


def contents(ledger):
    return [ledger.published_rows(f"select * from {table} order by all") for table in TABLES]


def test_a_typo_in_the_seeds_fails_the_run_with_file_and_line_and_publishes_nothing(built, tmp_path):
    repository = SeedsRepository(tmp_path / "seeds")
    built.seeds_folder = repository.root
    repository.commit(seed_texts(INPUT, OUTPUT, price("inptu", "3")))
    before = published_bytes(built)
    built.land("b.jsonl", [span(2, usage=chat(100, 10))])

    with pytest.raises(SeedError, match=r"prices/acme\.csv:4"):
        built.run()

    assert published_bytes(built) == before
    assert built.rows("select count(*) as n from pricing.prices") == [{"n": 2}]
    repository.commit(seed_texts(INPUT, OUTPUT))
    built.run()
    assert built.published_rows("select calls from marts.daily_costs order by day") == [
        {"calls": 2},
        {"calls": 1},
        {"calls": 1},
    ]


def test_a_failing_identity_publishes_nothing_and_says_which(built):
    before = published_bytes(built)
    run_id = built.begin()
    built.land("b.jsonl", [span(2, usage=chat(100, 10))])
    with connect(built.settings) as connection:
        runs.start_run(connection, run_id, built.now)
        runs.load_landing(connection, built.settings, run_id=run_id, now=built.now)
        runs.load_seeds(connection, built.seeds, run_id=run_id, now=built.now)
        for model in runs.models_in_order():
            runs.build_model(connection, model, run_id=run_id, now=built.now)
            if model.full_name == "marts.costs_by_model":
                connection.execute(
                    "update marts.costs_by_model set list_cost_usd = list_cost_usd + 0.000000000001"
                )
        with pytest.raises(CheckFailed, match="costs_add_up"):
            runs.publish_run(connection, built.settings, run_id=run_id, now=built.now)
    assert published_bytes(built) == before
    built.run()
    assert built.published_rows("select calls from marts.daily_costs order by day") == [
        {"calls": 2},
        {"calls": 1},
        {"calls": 1},
    ]


def test_nothing_is_published_before_the_identities_were_looked_at(built):
    before = published_bytes(built)
    run_id = built.begin()
    built.land("b.jsonl", [span(2, usage=chat(100, 10))])
    with connect(built.settings) as connection:
        runs.start_run(connection, run_id, built.now)
        runs.load_landing(connection, built.settings, run_id=run_id, now=built.now)
        with pytest.raises(CheckFailed, match="spans_are_accounted_for"):
            runs.publish_run(connection, built.settings, run_id=run_id, now=built.now)
    assert published_bytes(built) == before


def test_publishing_without_seeds_is_refused_in_words(ledger):
    with connect(ledger.settings) as connection:
        runs.start_run(connection, "run", ledger.now)
        with pytest.raises(SpanledgerError, match="nothing was published"):
            runs.publish_run(connection, ledger.settings, run_id="run", now=ledger.now)


STEPS = (
    "load",
    "seeds",
    "staging.stg_calls",
    "ledger.call_costs",
    "marts.daily_costs",
    "marts.data_quality",
    "publish",
)


LATE = [span(2, usage=chat(7, 3)), span(3, ended=NOON + timedelta(days=1), usage=chat(1, 1))]
CHANGING = {"complete_through", "source_file", "source_line", "seeds_commit"}


@pytest.fixture(scope="module")
def whole(_built_once, tmp_path_factory):
    """What one run over everything gives."""
    ledger = Ledger(tmp_path_factory.mktemp("whole"), seed_texts(INPUT, OUTPUT, LATER))
    days = [span(100 + day, ended=NOON + timedelta(days=day), usage=chat(100, 10)) for day in range(3)]
    ledger.land("a.jsonl", [*days, *LATE])
    ledger.run()
    return lasting(ledger)


def lasting(ledger):
    """The published rows without what the way there may change."""
    return [
        [{k: v for k, v in row.items() if k not in CHANGING} for row in table] for table in contents(ledger)
    ]


@pytest.mark.parametrize("last", STEPS)
def test_a_run_that_died_after_any_step_is_finished_by_the_next(built, whole, last):
    built.land("b.jsonl", LATE)
    built.texts = seed_texts(INPUT, OUTPUT, LATER)
    run_until(built, last)

    built.run()

    assert lasting(built) == whole
    assert built.look().nothing_new


def run_until(ledger, last):
    """The steps of a run up to and with one of them; nothing after it."""
    run_id = ledger.begin()
    with connect(ledger.settings) as connection:
        runs.start_run(connection, run_id, ledger.now)
        runs.load_landing(connection, ledger.settings, run_id=run_id, now=ledger.now)
        if last == "load":
            return
        runs.load_seeds(connection, ledger.seeds, run_id=run_id, now=ledger.now)
        if last == "seeds":
            return
        for model in runs.models_in_order():
            runs.build_model(connection, model, run_id=run_id, now=ledger.now)
            if model.full_name == last:
                return
        publish_and_die(connection, ledger, run_id)


def publish_and_die(connection, ledger, run_id):
    """As if the process died after the switch and before it noted that nothing is left to do."""
    connection.execute("create temp table left_over as from ops.dirty_days")
    runs.publish_run(connection, ledger.settings, run_id=run_id, now=ledger.now)
    connection.execute("insert into ops.dirty_days from left_over")
    connection.execute("update ops.runs set status = 'running' where run_id = ?", [run_id])


def test_seeds_that_were_read_but_not_marked_are_read_again(built, monkeypatch):
    """A process that dies while it marks the repriced days must not leave the new prices as if they were applied."""
    built.texts = seed_texts(INPUT, OUTPUT, LATER)
    real = runs.sql_text

    def dying(folder, name):
        if name == "mark_repriced_days":
            raise KeyboardInterrupt
        return real(folder, name)

    monkeypatch.setattr(runs, "sql_text", dying)
    with pytest.raises(KeyboardInterrupt):
        built.run()
    monkeypatch.undo()

    built.run()

    found = built.published_rows("select cast(list_cost_usd as varchar) as cost from marts.daily_costs")
    assert [row["cost"] for row in found] == ["0.000550000000"] * 3


KILLED = """
import sys, json, os, signal
from pathlib import Path
from tests.warehouse.passes import Ledger
ledger = Ledger(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
ledger.now = ledger.now.replace(hour=int(sys.argv[3]))
print("go", flush=True)
ledger.run()
"""


def test_a_killed_process_leaves_a_warehouse_that_the_next_run_completes(ledger, tmp_path):
    seeds = tmp_path / "seeds.json"
    seeds.write_text(json.dumps(ledger.texts))
    ledger.land("a.jsonl", [span(number, usage=chat(100, 10)) for number in range(1, 2000)])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    for attempt, patience in enumerate((0.2, 0.6, 1.2), start=1):
        command = [sys.executable, "-c", KILLED, str(ledger.settings.home.path), str(seeds), str(attempt)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            try:
                process.wait(timeout=patience)
            except subprocess.TimeoutExpired:
                process.kill()
    ledger.now += timedelta(days=1)
    ledger.run_number = 10
    ledger.run()
    [row] = ledger.published_rows(
        "select calls, cast(list_cost_usd as varchar) as cost from marts.daily_costs"
    )
    assert row == {"calls": 1999, "cost": "0.899550000000"}
