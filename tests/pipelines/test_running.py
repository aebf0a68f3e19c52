"""`spanledger run` through Dagster does what the steps do by themselves, and fails without harm."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest
from tests.warehouse.harness import query
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span, write_records
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_pipelines.assets.descriptions import asset_key
from spanledger_pipelines.assets.publication import PUBLISHED
from spanledger_pipelines.running import run_once
from spanledger_warehouse.database import connect
from spanledger_warehouse.publish import published_models
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.settings import Settings, load_settings

SEEDS = seed_texts(price("input", "3"), price("output", "15"))
RECORDS = [
    span(1, usage=chat(1000, 10, cached=100)),
    span(2, usage=chat(7, 3), response_model="a-9"),
    span(3, http_status=500, usage_status="missing"),
    "broken",
    span(1, usage=chat(1000, 10, cached=100), attributes={"again": True}),
]
CHANGING = {"run_id", "checked_at", "complete_through", "source_file", "example", "loaded_at"}


class Home:
    """A home whose landing zone lies elsewhere, a repository of seeds, and a Dagster home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = SeedsRepository(folder / "seeds")
        self.commit = self.repository.commit(SEEDS)
        (folder / "dagster").mkdir()
        self.settings: Settings = load_settings(
            environ={
                "SPANLEDGER_HOME": str(folder / "home"),
                "SPANLEDGER_LANDING": str(folder / "elsewhere"),
                "SPANLEDGER_SEEDS": str(self.repository.root),
            }
        )
        write_records(self.settings.home.landing / "a.jsonl", RECORDS)

    def rows(self, table: str) -> list[dict[str, object]]:
        """Rows of the published file."""
        with duckdb.connect(str(self.settings.home.published_file), read_only=True) as connection:
            return lasting(query(connection, f"select * from {table} order by all"))


def lasting(rows):
    """Rows without what every run makes anew."""
    return [{key: value for key, value in row.items() if key not in CHANGING} for row in rows]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home after one run, in a Dagster home of its own."""
    made = Home(tmp_path_factory.mktemp("run"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(made.folder / "dagster"))
        made.steps = []
        made.summary = run_once(made.settings, on_step=lambda *step: made.steps.append(step))
    return made


def test_a_run_says_what_it_loaded_and_what_a_person_should_know(home):
    summary = home.summary
    assert (summary.files, summary.spans, summary.rejected, summary.nothing_new) == (1, 4, 1, False)
    assert (summary.seeds_commit, summary.seeds_state) == (home.commit, "committed")
    assert summary.days == (NOON.date(),)
    found = {problem.check for problem in summary.problems}
    assert found >= {"rejected_lines", "unpriced_usage", "duplicate_spans"}
    assert {problem.severity for problem in summary.problems} <= {"warning", "info"}
    text = "\n".join(summary.lines())
    assert "Loaded 4 spans from 1 files, 1 lines refused" in text
    assert "a.jsonl:4: not_json" in text


def test_every_step_is_told_with_the_number_of_all(home):
    names, done, totals = zip(*home.steps, strict=True)
    assert list(done) == list(range(1, len(done) + 1))
    assert set(totals) == {len(done)}
    assert names[0] == "load_landing"


def test_a_run_publishes_what_the_steps_by_themselves_publish(home, tmp_path):
    direct = Ledger(tmp_path / "direct", SEEDS)
    direct.seeds_folder = home.repository.root
    direct.land("a.jsonl", RECORDS)
    direct.run()
    for model in published_models():
        expected = lasting(direct.published_rows(f"select * from {model.full_name} order by all"))
        assert home.rows(model.full_name) == expected, model.full_name


def test_the_dagster_home_keeps_the_run_with_rows_and_results_of_checks(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(home.folder / "dagster"))
    with dg.DagsterInstance.get() as instance:
        [record] = instance.get_run_records()
        assert (record.dagster_run.run_id, record.dagster_run.is_success) == (home.summary.run_id, True)
        event = instance.get_latest_materialization_event(asset_key("marts.daily_costs"))
        metadata = event.asset_materialization.metadata
        assert metadata["dagster/row_count"].value == 1
        path = (
            instance.get_latest_materialization_event(PUBLISHED).asset_materialization.metadata["path"].value
        )
        assert path == str(home.settings.home.published_file)


def test_after_a_run_nothing_is_new_and_nothing_is_started(home):
    again = run_once(home.settings)
    assert again.nothing_new
    assert again.run_id is None
    assert again.lines()[0].startswith("Nothing was new: no file, no price, no release; prices of")


def test_a_typo_in_the_seeds_fails_the_run_with_file_and_line_and_the_next_run_mends_it(home):
    before = home.settings.home.published_file.read_bytes()
    home.repository.commit(seed_texts(price("input", "3"), price("output", "1O")))
    with pytest.raises(SeedError, match=r"prices/acme\.csv:3"):
        run_once(home.settings)
    assert home.settings.home.published_file.read_bytes() == before
    with connect(home.settings) as connection:
        [run] = query(connection, "select status, message from ops.runs order by started_at desc limit 1")
    assert run["status"] == "failed"
    assert "prices/acme.csv:3" in run["message"]
    home.repository.commit(SEEDS)
    assert run_once(home.settings).days == ()


def test_a_failing_identity_stops_the_run_before_it_publishes(home):
    before = home.settings.home.published_file.read_bytes()
    write_records(home.settings.home.landing / "b.jsonl", [span(9, usage=chat(1, 1))])
    with connect(home.settings) as connection:
        connection.execute("update raw.files set lines = lines + 1")
    with pytest.raises(Exception, match="lines_of_files_are_accounted_for"):
        run_once(home.settings)
    assert home.settings.home.published_file.read_bytes() == before
    with connect(home.settings) as connection:
        connection.execute("update raw.files set lines = lines - 1 where file_id = 1")
    assert run_once(home.settings).days == (NOON.date(),)
    assert home.rows("marts.daily_costs")[0]["calls"] == 4
