"""Every published number is rebuilt from records and seeds, and one that cannot be is found."""

import shutil
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_warehouse.errors import PublishedError, SpanledgerError
from spanledger_warehouse.verify import COMPARED, verify

INPUT, OUTPUT = price("input", "3"), price("output", "15")


@pytest.fixture
def committed(ledger, tmp_path):
    """A ledger built in three runs: two days, a late call for the first, and a price change in between."""
    repository = SeedsRepository(tmp_path / "seeds")
    ledger.seeds_folder = repository.root
    ledger.settings = replace(ledger.settings, seeds_source=repository.root)
    repository.commit(seed_texts(INPUT, OUTPUT), "A")
    ledger.land("a.jsonl", [span(1, usage=chat(100, 10)), span(2, ended=NOON + timedelta(days=1))])
    ledger.run()
    later = price(
        "output", "30", effective_from="2026-03-11T00:00:00Z", change_kind="price_change", note="twice"
    )
    repository.commit(seed_texts(INPUT, OUTPUT, later), "B")
    ledger.run()
    ledger.land("late.jsonl", [span(3, ended=NOON + timedelta(minutes=5), usage=chat(7, 3)), "{torn"])
    ledger.run()
    return ledger


def differing(result):
    return {table.table for table in result.tables if not table.equal}


def test_what_was_published_in_steps_is_rebuilt_at_once_to_the_last_digit(committed):
    result = verify(committed.settings)
    assert result.equal
    assert [table.table for table in result.tables] == list(COMPARED)
    assert {table.table: table.rows for table in result.tables}["marts.calls"] == 3


def test_a_published_number_that_records_do_not_give_is_found_with_an_example(committed):
    with duckdb.connect(str(committed.settings.home.published_file)) as connection:
        connection.execute(
            "update marts.daily_costs set list_cost_usd = list_cost_usd + 0.000000000001 where calls = 2"
        )
    result = verify(committed.settings)
    assert differing(result) == {"marts.daily_costs"}
    (table,) = (table for table in result.tables if not table.equal)
    assert (table.only_published, table.only_rebuilt) == (1, 1)
    assert table.example is not None
    assert table.example.startswith("only published: tenant_id=")


def test_a_landing_file_that_is_archived_may_go(committed):
    (committed.settings.home.landing / "late.jsonl").unlink()
    assert verify(committed.settings).equal


def test_records_that_are_gone_are_named(committed):
    gone = committed.settings.home.landing / "late.jsonl"
    gone.unlink()
    shutil.rmtree(committed.settings.home.archive)
    result = verify(committed.settings)
    assert not result.equal
    assert result.missing_files == (str(gone),)
    assert "marts.calls" in differing(result)


def test_the_published_commit_counts_not_the_newest(committed, tmp_path):
    later = price(
        "output", "60", effective_from="2026-03-11T00:00:00Z", change_kind="price_change", note="again"
    )
    repository = SeedsRepository.__new__(SeedsRepository)
    repository.root = committed.seeds_folder
    repository.commit(seed_texts(INPUT, OUTPUT, later), "C")
    assert verify(committed.settings).equal


def test_other_seeds_are_refused(committed, tmp_path):
    other = SeedsRepository(tmp_path / "other")
    other.commit(seed_texts(INPUT), "another repository")
    with pytest.raises(SpanledgerError, match=r"commit|seeds"):
        verify(replace(committed.settings, seeds_source=other.root))


def test_nothing_published_is_said(ledger):
    with pytest.raises(PublishedError, match="spanledger run"):
        verify(ledger.settings)
