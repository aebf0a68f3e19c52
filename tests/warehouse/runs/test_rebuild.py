"""A warehouse is made anew from its archive, whatever became of the database, and nothing is lost."""

import contextlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.warehouse.harness import pick
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse import rebuilding, runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import ArchiveError, DatabaseError, SpanledgerError
from spanledger_warehouse.manifest import manifest_of
from spanledger_warehouse.rebuilding import rebuild

DAYS = [date(2026, 3, 10) + timedelta(days=day) for day in range(3)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A ledger of three archived days, and two files that are loaded and not archived; three lines were refused."""
    with contextlib.chdir(tmp_path_factory.mktemp("kept")):
        ledger = Ledger(Path("home"), seed_texts(price("input", "3"), price("output", "15")))
        for day in range(3):
            call = span(100 + day, ended=NOON + timedelta(days=day), usage=chat(100, 10))
            ledger.land(f"{day}.jsonl", [call, "{"])
        ledger.run()
        archive(ledger)
        ledger.land("late.jsonl", [span(7, ended=NOON, usage=chat(1000, 0))])
        ledger.land("rest.jsonl", [span(8, ended=NOON + timedelta(days=3), usage=chat(100, 10))])
        ledger.run()
        return ledger, Path.cwd() / "home"


@pytest.fixture
def kept(prepared, tmp_path, monkeypatch):
    """A copy of it; the paths that the warehouse knows are relative."""
    made, home = prepared
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    monkeypatch.chdir(tmp_path)
    ledger = Ledger(made.settings.home.path, made.texts)
    ledger.now, ledger.run_number = made.now, made.run_number
    return ledger


def archive(ledger):
    with connect(ledger.settings) as connection:
        runs.archive_landing(connection, ledger.settings)


def do_rebuild(ledger):
    return rebuild(ledger.settings, run_id=ledger.begin(), now=ledger.now)


def numbers(ledger):
    """All that is published, but when a row was built."""
    tables = ("marts.daily_costs", "marts.calls", "ledger.cost_lines", "marts.restatements")
    return [
        [
            {name: value for name, value in row.items() if name not in {"seeds_commit", "complete_through"}}
            for row in ledger.published_rows(f"select * from {table} order by all")
        ]
        for table in tables
    ]


def removed(ledger, *names):
    for name in names:
        (ledger.settings.home.landing / name).unlink()


def test_the_same_numbers_without_the_landing_files_that_are_archived(kept):
    before = numbers(kept)
    removed(kept, "0.jsonl", "1.jsonl", "2.jsonl")
    done = do_rebuild(kept)
    assert (done.records, done.kept_files, done.days, done.problem) == (5, (), 4, None)
    assert numbers(kept) == before  # nothing is published before it is built
    assert kept.run() == [*DAYS, DAYS[-1] + timedelta(days=1)]
    assert numbers(kept) == before
    assert kept.look().nothing_new
    assert kept.rows("select count(*) as n from raw.rejects") == [{"n": 3}]


@pytest.mark.parametrize("fate", ["cut", "gone", "nonsense", "older"])
def test_whatever_became_of_the_database(kept, fate, tmp_path):
    before = numbers(kept)
    file = kept.settings.home.warehouse_file
    match fate:
        case "cut":
            file.write_bytes(file.read_bytes()[:100_000])
        case "gone":
            file.unlink()
        case "nonsense":
            file.write_bytes(b"x" * 5000)
        case "older":
            kept.rows("update ops.schema_version set version = 1")
    with pytest.raises(SpanledgerError):
        kept.run()
    do_rebuild(kept)
    kept.run()
    assert numbers(kept) == before


def test_records_that_only_the_database_has_are_taken_from_it(kept):
    before = numbers(kept)
    shutil.rmtree(kept.settings.home.archive)
    kept.rows("delete from ops.archived_files")
    removed(kept, "late.jsonl")
    done = do_rebuild(kept)
    assert [name.rsplit("/", 1)[-1] for name in done.kept_files] == ["late.jsonl"]
    kept.run()
    assert numbers(kept) == before


def test_what_a_rebuild_moves_is_said(kept):
    kept.rows("update marts.daily_costs set list_cost_usd = 1 where day = date '2026-03-11'")
    kept.rows("insert into ops.dirty_days (day, cause, run_id) values (date '2026-05-01', 'spans', 'x')")
    with kept.published() as published:
        assert published.execute("select count(*) from marts.restatements").fetchone() == (1,)
    kept.settings.home.warehouse_file.unlink()
    late = kept.land("more.jsonl", [span(9, ended=NOON, usage=chat(10, 0))])
    assert late.is_file()
    do_rebuild(kept)
    kept.run()
    moved = pick(kept.published_rows("select * from marts.restatements order by restated_at"), "day", "cause")
    assert moved == [(DAYS[0], "spans"), (DAYS[0], "rebuild, spans")]


def test_a_damaged_archive_leaves_the_database_as_it_is(kept):
    for part in kept.settings.home.archive.rglob("day=2026-03-11/*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    before = kept.rows("from raw.spans order by all")
    with pytest.raises(ArchiveError):
        do_rebuild(kept)
    assert kept.rows("from raw.spans order by all") == before
    assert kept.look().nothing_new


@pytest.mark.parametrize("dies_at", ["new", "manifest"])
def test_a_death_while_the_new_database_takes_its_place_is_noticed_or_harmless(kept, monkeypatch, dies_at):
    before = numbers(kept)

    def dying(database):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if dies_at == "manifest":  # the new database is in place, the manifest is still the old one's
            patch.setattr(rebuilding, "manifest_of", dying)
        else:
            patch.setattr(rebuilding.Path, "hardlink_to", lambda _self, target: dying(target))
        with pytest.raises(KeyboardInterrupt):
            do_rebuild(kept)
    assert manifest_of(kept.settings.home.warehouse_file).is_file()
    with contextlib.suppress(DatabaseError):  # which asks for the rebuild that follows
        kept.run()
    do_rebuild(kept)
    kept.run()
    assert numbers(kept)[:3] == before[:3]
