"""A closed month stays as it was published, to the last digit; what changes later is a correction, with its reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import duckdb
import pytest
from tests.warehouse.harness import pick
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span, trailer
from tests.warehouse.seeds import SeedsRepository, price, seed_texts, tenant
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.closed_months import artifact_problem, closed_folder
from spanledger_warehouse.closing import close_month
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import ClosingError
from spanledger_warehouse.reading.explain import explain_call
from spanledger_warehouse.reading.receipt import receipt
from spanledger_warehouse.verify import verify

INPUT, OUTPUT = price("input", "3"), price("output", "15")
OVER = date(2026, 4, 1)
LAST = datetime(2026, 3, 31, 23, 59, 59, 999999, tzinfo=UTC)
NEXT = datetime(2026, 4, 1, tzinfo=UTC)
CALL = Decimal("0.00045")  # of a hundred tokens in and ten out
PERIODS = "warehouse,month,seeds_commit,release,digest,note\n"

AS_PUBLISHED = "select sum(list_cost_usd) as cost from ledger.cost_lines where charge_class is null"
AS_KNOWN_NOW = "select sum(list_cost_usd) as cost from ledger.cost_lines"
MARCH = "day between date '2026-03-01' and date '2026-03-31'"
MARTS = ("daily_costs", "costs_by_model", "costs_by_operation", "hourly_costs", "calls")


@pytest.fixture(scope="module")
def _closed_once(tmp_path_factory):
    root = tmp_path_factory.mktemp("closed")
    repository = SeedsRepository(root / "seeds")
    repository.commit({**seed_texts(INPUT, OUTPUT), "periods.csv": PERIODS})
    ledger = Ledger(root / "home")
    ledger.seeds_folder = repository.root
    ledger.settings = replace(ledger.settings, seeds_source=repository.root)
    march = [
        span(1, ended=LAST - timedelta(days=2), usage=chat(100, 10)),
        span(2, ended=LAST, usage=chat(100, 10)),
    ]
    april = [span(3, ended=NEXT, usage=chat(100, 10))]
    ledger.land("a.jsonl", [*march, *april])
    ledger.run()
    with author():
        close_month(ledger.settings, "2026-03", today=OVER)
    ledger.run()
    return ledger


@pytest.fixture
def closed(_closed_once, tmp_path):
    """A warehouse that has closed March: a call on the 29th, one at the last instant, one at the first of April."""
    root = _closed_once.settings.home.path.parent
    shutil.copytree(root, tmp_path / "copy", symlinks=True)
    ledger = Ledger(tmp_path / "copy" / "home")
    ledger.now, ledger.run_number = _closed_once.now, _closed_once.run_number
    ledger.seeds_folder = tmp_path / "copy" / "seeds"
    ledger.settings = replace(ledger.settings, seeds_source=ledger.seeds_folder)
    return ledger


@pytest.fixture(autouse=True)
def _author(monkeypatch):
    for name, value in PEOPLE.items():
        monkeypatch.setenv(name, value)


PEOPLE = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@acme.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@acme.example",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def author():
    """The committer, where no fixture of a test is at work."""
    patch = pytest.MonkeyPatch()
    for name, value in PEOPLE.items():
        patch.setenv(name, value)
    return patch.context()


def artifact(ledger, month="2026-03"):
    return closed_folder(ledger.settings.home) / month


def seeds_of(ledger):
    found = SeedsRepository.__new__(SeedsRepository)
    found.root = ledger.seeds_folder
    return found


def cost(ledger, sql, days=MARCH):
    join = "and" if "where" in sql else "where"
    [row] = ledger.published_rows(f"{sql} {join} {days}")
    return row["cost"]


def shown(ledger):
    """What every mart says March cost."""
    return {cost(ledger, f"select sum(list_cost_usd) as cost from marts.{mart}") for mart in MARTS}


def corrections(ledger, *columns):
    rows = ledger.published_rows("select * from marts.corrections order by call_id, unit, tenant_id")
    return pick(rows, *columns)


def test_closing_moves_no_number_and_restates_nothing(closed):
    assert shown(closed) == {2 * CALL}
    assert cost(closed, AS_PUBLISHED) == cost(closed, AS_KNOWN_NOW) == 2 * CALL
    assert closed.published_rows("from marts.corrections") == []
    assert closed.published_rows("from marts.restatements") == []


def test_the_line_names_warehouse_month_commit_release_and_the_digest_of_the_artifact(closed):
    [row] = closed.rows("select * from pricing.periods")
    folder = artifact(closed)
    assert row["warehouse"] == (folder.parent / "warehouse_id").read_text().strip()
    assert (row["month"], row["digest"]) == (
        "2026-03",
        sha256((folder / "SHA256SUMS").read_bytes()).hexdigest(),
    )
    [first] = closed.rows("select seeds_commit, release from ops.runs order by started_at limit 1")
    assert {name: row[name] for name in first} == first
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=False)
    assert checked.returncode == 0


def test_the_artifact_holds_the_month_and_nothing_else(closed):
    with duckdb.connect() as connection:
        calls = connection.execute(
            f"select day, list_cost_usd from read_parquet('{artifact(closed)}/calls.parquet') order by day"
        ).fetchall()
    assert calls == [(date(2026, 3, 29), CALL), (date(2026, 3, 31), CALL)]


def test_a_late_call_is_a_correction_and_leaves_what_was_published(closed):
    closed.land("late.jsonl", [span(9, ended=LAST, usage=chat(1000, 0))])
    assert closed.run() == [LAST.date()]
    assert shown(closed) == {2 * CALL}
    assert cost(closed, AS_PUBLISHED) == 2 * CALL
    assert cost(closed, AS_KNOWN_NOW) == 2 * CALL + Decimal("0.003")
    assert corrections(
        closed, "billing_month", "reason", "unit", "quantity", "list_cost_usd", "operation"
    ) == [("2026-03", "late", "input", 1000, Decimal("0.003"), "answer")]


def test_a_late_call_of_an_open_month_is_no_correction(closed):
    closed.land("late.jsonl", [span(9, ended=NEXT, usage=chat(1000, 0))])
    closed.run()
    assert corrections(closed, "call_id") == []
    april = "day between date '2026-04-01' and date '2026-04-30'"
    assert cost(closed, AS_PUBLISHED, april) == CALL + Decimal("0.003")


def test_a_corrected_price_is_a_correction_by_unit_of_the_closed_days_and_restates_open_ones(closed):
    wrong = closed.rows("select price_id from pricing.prices where unit = 'output'")[0]["price_id"]
    right = price("output", "30", change_kind="correction", supersedes=wrong, note="twice")
    seeds_of(closed).commit(seed_texts(INPUT, OUTPUT, right))
    closed.run()
    assert shown(closed) == {2 * CALL}
    assert corrections(closed, "reason", "unit", "quantity", "list_cost_usd") == [
        ("price", "output", 0, Decimal("0.00015")),
        ("price", "output", 0, Decimal("0.00015")),
    ]
    assert cost(closed, AS_KNOWN_NOW) == 2 * CALL + Decimal("0.0003")
    restated = closed.published_rows("select day from marts.restatements")
    assert [row["day"] for row in restated] == [NEXT.date()]


def test_a_call_that_is_known_better_later_is_corrected_to_the_better_one(closed):
    # The same answer, reported in full by a process whose copy counts: the first copy gives way.
    first = closed.published_rows(f"select call_id, response_id from marts.calls where {MARCH} order by day")[
        0
    ]
    better = span(1, ended=LAST - timedelta(days=2), usage=chat(100, 10), process="0" * 32)
    closed.land("copy.jsonl", [better | {"response_id": first["response_id"]}])
    closed.run()
    assert shown(closed) == {2 * CALL}
    assert cost(closed, AS_KNOWN_NOW) == 2 * CALL
    assert sorted(corrections(closed, "reason", "unit", "list_cost_usd")) == [
        ("gone", "input", Decimal("-0.0003")),
        ("gone", "output", Decimal("-0.00015")),
        ("late", "input", Decimal("0.0003")),
        ("late", "output", Decimal("0.00015")),
    ]


def test_usage_without_a_price_that_gets_one_is_a_correction_to_the_cost(closed):
    closed.land(
        "b.jsonl", [span(5, ended=NEXT, usage=chat(100, 10), response_model="a-2", request_model="a-2")]
    )
    closed.run()
    close_month(closed.settings, "2026-04", today=date(2026, 5, 1), note="April, with a model nobody priced")
    closed.run()
    assert closed.published_rows("select unit from marts.unpriced_usage order by unit") == [
        {"unit": "input"},
        {"unit": "output"},
    ]
    more = (price("input", "3", model="a-2"), price("output", "15", model="a-2"))
    seeds_of(closed).commit(seed_texts(INPUT, OUTPUT, *more))
    closed.run()
    assert corrections(closed, "billing_month", "reason", "list_cost_usd") == [
        ("2026-04", "priced", Decimal("0.0003")),
        ("2026-04", "priced", Decimal("0.00015")),
    ]
    assert closed.published_rows("from marts.unpriced_usage") == []


def test_two_answers_as_published_and_as_known_now_are_one_query_each(closed):
    closed.land("late.jsonl", [span(9, ended=LAST, usage=chat(1000, 0))])
    closed.run()
    both = closed.published_rows(
        "select sum(list_cost_usd) filter (where charge_class is null) as published, sum(list_cost_usd) as known "
        f"from ledger.cost_lines where {MARCH}"
    )
    assert both == [{"published": 2 * CALL, "known": 2 * CALL + Decimal("0.003")}]


def test_a_tenant_that_moves_to_another_zone_keeps_the_closed_business_days(closed):
    days = "select business_day, calls from marts.daily_costs_by_business_day order by all"
    before = closed.published_rows(days)
    moved = (tenant("acme-corp", time_zone="Asia/Tokyo", currency="USD"),)
    seeds_of(closed).commit(seed_texts(INPUT, OUTPUT, tenants=moved))
    closed.run()
    assert closed.published_rows(days) == before


def test_a_rebuild_of_everything_gives_the_same_month(closed):
    closed.land("late.jsonl", [span(9, ended=LAST, usage=chat(1000, 0))])
    closed.run()
    numbers = ("ledger.cost_lines", "marts.corrections", *(f"marts.{mart}" for mart in MARTS))
    skipped = {"complete_through", "seeds_commit"}

    def rows(ledger):
        return {
            name: [
                {key: value for key, value in row.items() if key not in skipped}
                for row in ledger.published_rows(f"select * from {name} order by all")
            ]
            for name in numbers
        }

    before = rows(closed)
    landed = {row["path"] for row in closed.rows("select path from raw.files")}
    assert landed
    rows_before = closed.rows("select day, cause from ops.dirty_days")
    assert rows_before == []
    with connect(closed.settings) as connection:
        connection.execute(
            "insert into ops.dirty_days (day, cause, run_id) select distinct day, 'release', 'x' from raw.spans"
        )
    closed.run()
    assert rows(closed) == before


def test_pricing_from_the_commit_before_the_closing_opens_the_month_again_and_back(closed):
    closed.land("late.jsonl", [span(9, ended=LAST, usage=chat(1000, 0))])
    closed.run()
    log = subprocess.run(
        ["git", "-C", str(closed.seeds_folder), "rev-parse", "HEAD~1"],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = closed.seeds_folder
    subprocess.run(["git", "-C", str(folder), "branch", "closing"], check=True)
    subprocess.run(["git", "-C", str(folder), "reset", "-q", "--hard", log.stdout.strip()], check=True)
    closed.run()
    assert shown(closed) == {2 * CALL + Decimal("0.003")}
    subprocess.run(["git", "-C", str(folder), "reset", "-q", "--hard", "closing"], check=True)
    closed.run()
    assert shown(closed) == {2 * CALL}
    assert cost(closed, AS_KNOWN_NOW) == 2 * CALL + Decimal("0.003")


def test_explaining_a_call_shows_what_was_published_and_what_is_known_now(closed):
    wrong = closed.rows("select price_id from pricing.prices where unit = 'output'")[0]["price_id"]
    seeds_of(closed).commit(
        seed_texts(
            INPUT, OUTPUT, price("output", "30", change_kind="correction", supersedes=wrong, note="twice")
        )
    )
    closed.run()
    [call, *_] = closed.published_rows(f"select call_id from marts.calls where {MARCH} order by call_id")
    explanation = explain_call(closed.settings.home.published_file, call["call_id"])
    assert explanation.adds_up()
    assert [line["charge_class"] for line in explanation.lines] == [None, None, "Correction"]
    text = receipt(explanation)
    assert "list cost             0.00045 USD" in text
    assert "output  +0, 0.00015 USD\n    now     30.00 USD per 1,000,000, prices/acme.csv:4" in text
    assert "list cost as known now: 0.0006 USD" in text


def test_what_is_verified_are_open_days_rebuilt_and_closed_ones_by_their_digest(closed):
    closed.land("late.jsonl", [span(9, ended=LAST, usage=chat(1000, 0))])
    closed.run()
    result = verify(closed.settings)
    assert (result.equal, result.closed_months) == (True, ("2026-03",))
    _append(artifact(closed) / "calls.parquet")
    with pytest.raises(ClosingError, match=r"calls\.parquet was changed"):
        verify(closed.settings)


BROKEN = {
    "a file is missing": lambda folder: (folder / "lines.parquet").unlink(),
    "the folder is missing": shutil.rmtree,
    "a file was changed": lambda folder: _append(folder / "calls.parquet"),
    "the sums were changed": lambda folder: _append(folder / "SHA256SUMS"),
}


def _append(file):
    file.chmod(0o644)
    with file.open("ab") as stream:
        stream.write(b"x")


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_missing_or_changed_artifact_fails_the_run_in_words_and_leaves_what_is_published(closed, damage):
    before = closed.settings.home.published_file.read_bytes()
    digest = closed.rows("select digest from pricing.periods")[0]["digest"]
    damage(artifact(closed))
    assert artifact_problem(artifact(closed), digest)
    closed.land("late.jsonl", [span(9, ended=NEXT, usage=chat(1, 1))])
    with pytest.raises(ClosingError, match=r"periods\.csv:2 closes 2026-03, but .*(missing|changed|sha256)"):
        closed.run()
    assert closed.settings.home.published_file.read_bytes() == before


def test_a_warehouse_that_lost_all_its_artifacts_says_so(closed):
    shutil.rmtree(closed_folder(closed.settings.home))
    with pytest.raises(ClosingError, match=r"is gone, and 1 closed months \(2026-03\) rest on it"):
        closed.run()


def test_the_months_that_another_warehouse_closed_are_not_ours(closed):
    text = (closed.seeds_folder / "periods.csv").read_text()
    seeds_of(closed).commit({"periods.csv": text + "w-other,2026-04,c0ffee,0.1.0,abc,\n"})
    closed.run()
    assert closed.rows("select month from ledger.closed_months") == [{"month": "2026-03"}]


def test_a_month_that_two_lines_close_is_refused_with_both_lines(closed):
    text = (closed.seeds_folder / "periods.csv").read_text()
    line = text.splitlines()[1]
    seeds_of(closed).commit({"periods.csv": f"{text}{line}\n"})
    with pytest.raises(ClosingError, match=r"periods\.csv:3: 2026-03 is closed already by periods\.csv:2"):
        closed.run()


REFUSED = {
    "not over": ("2026-04", date(2026, 4, 30), "2026-04 is not over; it can be closed from 2026-05-01"),
    "no month": ("2026-13", OVER, "'2026-13' is no month"),
    "closed already": ("2026-03", OVER, r"2026-03 is closed already, by periods\.csv:2"),
}


@pytest.mark.parametrize(("month", "today", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_closed_is_refused(closed, month, today, message):
    with pytest.raises(ClosingError, match=message):
        close_month(closed.settings, month, today=today)


def test_a_month_with_days_that_wait_to_be_built_is_not_closed(closed):
    closed.land("late.jsonl", [span(9, ended=NEXT, usage=chat(1, 1))])
    closed.load()
    with pytest.raises(
        ClosingError, match="1 days wait to be built, first 2026-04-01; run `spanledger run` first"
    ):
        close_month(closed.settings, "2026-04", today=date(2026, 5, 1))


def test_a_month_that_a_source_has_not_delivered_is_closed_only_when_asked(closed):
    other = "f" * 32
    still = trailer([1], process=other, closed=False)
    closed.land("open.jsonl", [span(1, process=other, ended=NEXT, usage=chat(1, 1)), still])
    closed.run()
    with pytest.raises(
        ClosingError, match=r"delivered only up to 2026-03-10 12:00 UTC \(1 processes are open\)"
    ):
        close_month(closed.settings, "2026-04", today=date(2026, 5, 1))
    made = close_month(closed.settings, "2026-04", today=date(2026, 5, 1), incomplete=True)
    assert made.calls == 2


def test_the_command_closes_a_month_and_says_what_it_cost_and_what_to_do_next(closed, monkeypatch):
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(closed.seeds_folder))
    home = str(closed.settings.home.path)
    done = CliRunner().invoke(app, ["prices", "close", "2026-04", "--note", "invoiced, paid", "--home", home])
    assert done.exit_code == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == "Closed 2026-04: 1 calls, 0.000450000000 USD."
    assert second.startswith(f"Artifact: {artifact(closed, '2026-04')}; back it up. Digest: ")
    assert third.endswith("It counts from the next `spanledger run` on.")
    last = (closed.seeds_folder / "periods.csv").read_text().splitlines()[-1]
    assert last.endswith(',"invoiced, paid"')
    again = CliRunner().invoke(app, ["prices", "close", "2026-04", "--home", home])
    assert (again.exit_code, "2026-04 is closed already" in again.stderr) == (1, True)


def test_a_commit_that_fails_leaves_no_artifact_behind(closed):
    hook = closed.seeds_folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Exception, match="nothing was committed"):
        close_month(closed.settings, "2026-04", today=date(2026, 5, 1))
    assert not artifact(closed, "2026-04").exists()
    hook.unlink()
    assert close_month(closed.settings, "2026-04", today=date(2026, 5, 1)).calls == 1
