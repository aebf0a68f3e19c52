"""A database that lost its tail, or was replaced by an older copy, is noticed when it is opened."""

import json
import shutil

import pytest
from tests.warehouse.records import chat, span

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import DatabaseError
from spanledger_warehouse.manifest import manifest_of, write_manifest


def database(ledger):
    return ledger.settings.home.warehouse_file


def reopen(ledger):
    with connect(ledger.settings):
        pass


def said(ledger):
    return json.loads(manifest_of(database(ledger)).read_text())


def test_the_manifest_says_what_was_loaded(built):
    assert {key: said(built)[key] for key in ("files", "spans", "last_file_id")} == {
        "files": 1,
        "spans": 3,
        "last_file_id": 1,
    }
    built.land("b.jsonl", [span(2, usage=chat(1, 1))])
    built.load()
    assert (said(built)["files"], said(built)["spans"]) == (2, 4)


def test_an_older_copy_in_its_place_is_noticed(built, tmp_path):
    shutil.copyfile(database(built), tmp_path / "old")
    built.land("b.jsonl", [span(2, usage=chat(1, 1))])
    built.load()
    shutil.copyfile(tmp_path / "old", database(built))
    with pytest.raises(
        DatabaseError, match=r"names 2 files with 4 spans, 1 files with 3 spans.*spanledger rebuild"
    ):
        reopen(built)


def test_a_log_that_was_cut_anywhere_is_noticed_or_lost_nothing_that_was_loaded(built, tmp_path):
    """DuckDB opens a cut log without an error; at every cut either all is there or the opening is refused."""
    ahead = tmp_path / "ahead"
    built.land("b.jsonl", [span(number, usage=chat(1, 1)) for number in range(1, 40)])
    with connect(built.settings) as connection:
        connection.execute("set checkpoint_threshold = '1GB'")
        runs.start_run(connection, "cut", built.now)
        runs.load_landing(connection, built.settings, run_id="cut", now=built.now)
        write_manifest(connection, database(built))
        shutil.copytree(database(built).parent, ahead)  # as a machine that died right now leaves it
    log = ahead / "warehouse.duckdb.wal"
    whole = log.read_bytes()
    assert len(whole) > 1000
    noticed = 0
    for cut in range(0, len(whole), len(whole) // 12):
        shutil.rmtree(database(built).parent)
        shutil.copytree(ahead, database(built).parent)
        (database(built).parent / log.name).write_bytes(whole[:cut])
        noticed += lost_or_whole(built)
    assert noticed >= 10


def lost_or_whole(ledger):
    """Whether the opening is refused; if not, all has to be there."""
    try:
        spans = ledger.rows("select count(*) as n from raw.spans")
    except DatabaseError as error:
        return "lost what was loaded" in str(error)
    assert spans == [{"n": 42}]
    return False


def test_a_file_that_was_cut_is_noticed(built):
    content = database(built).read_bytes()
    database(built).write_bytes(content[: len(content) // 2])
    with pytest.raises(DatabaseError, match="spanledger rebuild"):
        built.run()


def test_a_database_that_is_gone_is_not_begun_anew(built):
    database(built).unlink()
    with pytest.raises(
        DatabaseError, match=r"is gone, and 1 files with 3 spans were loaded.*spanledger rebuild"
    ):
        built.run()


def test_a_database_that_is_ahead_of_its_manifest_is_sound(built):
    kept = manifest_of(database(built)).read_bytes()
    built.land("b.jsonl", [span(2, usage=chat(1, 1))])
    built.load()
    manifest_of(database(built)).write_bytes(kept)
    reopen(built)
    assert said(built)["files"] == 2


@pytest.mark.parametrize("content", ["{", '{"format": 2}', "[]"])
def test_a_manifest_that_cannot_be_read_is_refused_in_words(built, content):
    manifest_of(database(built)).write_text(content)
    with pytest.raises(DatabaseError, match=r"manifest\.json"):
        reopen(built)
