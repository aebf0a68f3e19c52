"""Databases of every earlier schema version are brought forward and back, lose nothing, and give the same costs."""

import gzip
import json
import shutil
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse import migrations
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import SCHEMA_VERSION, connect, open_database, prepare
from spanledger_warehouse.errors import DatabaseError
from spanledger_warehouse.migrations import Migration, migrate, shapes

FIXTURES = Path(__file__).parent / "fixtures"
OLD_VERSIONS = sorted(int(folder.name.removeprefix("version_")) for folder in FIXTURES.glob("version_*"))
COSTS = {
    date(2026, 3, 10): Decimal("0.00345"),  # 100 + 10 tokens, and 1000 that came late
    date(2026, 3, 11): Decimal("0.000678"),  # with the file that was loaded and not built
    date(2026, 3, 12): Decimal("0.000456"),
}


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A ledger whose database an earlier release wrote; its paths are relative."""

    def unpack(version):
        monkeypatch.chdir(tmp_path)
        home = Path("home")
        shutil.copytree(FIXTURES / f"version_{version}" / "landing", home / "landing")
        (home / "warehouse").mkdir()
        packed = (FIXTURES / f"version_{version}" / "warehouse.duckdb.gz").read_bytes()
        (home / "warehouse" / "warehouse.duckdb").write_bytes(gzip.decompress(packed))
        ledger = Ledger(home, seed_texts(price("input", "3"), price("output", "15")))
        ledger.now, ledger.run_number = ledger.now + timedelta(days=1), 10
        return ledger

    return unpack


def arrived(ledger, columns=None):
    """Every row of raw, in the columns that the old version had."""
    connection = open_database(ledger.settings.home.warehouse_file)
    try:
        columns = columns or {name: shape for name, shape in shapes(connection).items() if "raw." in name}
        return columns, {
            table: connection.execute(
                f"select {', '.join(name for name, _ in shape)} from {table} order by all"
            ).fetchall()
            for table, shape in columns.items()
        }
    finally:
        connection.close()


def shapes_of(ledger):
    connection = open_database(ledger.settings.home.warehouse_file)
    try:
        return shapes(connection)
    finally:
        connection.close()


def test_every_earlier_version_is_kept_as_a_fixture_and_has_its_steps():
    assert list(range(1, SCHEMA_VERSION)) == OLD_VERSIONS
    assert [step.version for step in migrations.migrations()] == list(range(2, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_a_database_of_an_earlier_release_is_refused_with_the_next_step(old, version):
    ledger = old(version)
    with pytest.raises(DatabaseError, match=r"run `spanledger migrate`"), connect(ledger.settings):
        pass


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_an_earlier_version_comes_forward_and_the_next_run_builds_it(old, version):
    ledger = old(version)
    columns, before = arrived(ledger)
    done = migrate(ledger.settings)
    assert (done.before, done.after, done.days) == (version, SCHEMA_VERSION, 3)
    assert arrived(ledger, columns)[1] == before
    with duckdb.connect() as fresh:
        prepare(fresh)
        create_loaded(fresh)
        assert shapes_of(ledger) == shapes(fresh)
    restated = ledger.rows("select * from marts.restatements")

    assert ledger.run() == list(COSTS)
    daily = ledger.published_rows(
        "select day, list_cost_usd from marts.daily_costs where tenant_id = 'acme-corp' order by day"
    )
    assert {row["day"]: row["list_cost_usd"] for row in daily} == COSTS
    # The late span of the old release stays restated; the file it had not built moves March 11 now.
    after = ledger.published_rows("select * from marts.restatements order by restated_at")
    assert len(restated) == 1
    assert after[0] == restated[0]
    assert [(row["day"], row["calls_before"], row["calls_after"]) for row in after[1:]] == [
        (date(2026, 3, 11), 1, 2)
    ]
    assert ledger.look().nothing_new


@pytest.mark.parametrize("version", OLD_VERSIONS)
def test_back_gives_the_shape_and_the_rows_of_the_earlier_release(old, version):
    ledger = old(version)
    columns, before = arrived(ledger)
    shape = shapes_of(ledger)
    migrate(ledger.settings)
    ledger.run()
    done = migrate(ledger.settings, to=version)
    assert (done.before, done.after, done.days) == (SCHEMA_VERSION, version, 3)
    assert shapes_of(ledger) == shape
    assert arrived(ledger, columns)[1] == before
    assert done.copy is not None
    assert done.copy.is_file()
    migrate(ledger.settings)
    assert ledger.run() == list(COSTS)


def test_there_and_back_is_nothing_to_do_the_second_time(old):
    ledger = old(1)
    migrate(ledger.settings)
    assert migrate(ledger.settings) == migrations.Migrated(SCHEMA_VERSION, SCHEMA_VERSION)


def test_a_step_that_loses_a_row_is_undone(old, monkeypatch):
    ledger = old(1)
    steps = migrations.migrations
    real = steps()[0]
    losing = Migration(
        real.version, real.name, f"{real.forward}; delete from raw.spans where line = 1", real.back
    )
    monkeypatch.setattr(migrations, "migrations", lambda: (losing,))
    columns, before = arrived(ledger)
    with pytest.raises(DatabaseError, match=r"changes the number of rows.*raw\.spans.*undone"):
        migrate(ledger.settings)
    assert arrived(ledger, columns)[1] == before
    monkeypatch.setattr(migrations, "migrations", steps)
    assert migrate(ledger.settings).after == SCHEMA_VERSION


def test_a_step_that_gives_another_shape_is_undone(old, monkeypatch):
    ledger = old(1)
    real = migrations.migrations()[0]
    other = Migration(
        real.version, real.name, f"{real.forward}; alter table raw.spans add column stray int", real.back
    )
    monkeypatch.setattr(migrations, "migrations", lambda: (other,))
    with pytest.raises(DatabaseError, match=r"raw\.spans in another shape.*stray"):
        migrate(ledger.settings)
    assert "stray" not in json.dumps(shapes_of(ledger))


def test_a_database_of_a_newer_release_is_refused(built):
    built.rows(f"update ops.schema_version set version = {SCHEMA_VERSION + 1}")
    with pytest.raises(DatabaseError, match=rf"migrate --to {SCHEMA_VERSION}"), connect(built.settings):
        pass
    with pytest.raises(DatabaseError, match="install the release that wrote it"):
        migrate(built.settings)


def test_there_is_nothing_to_migrate_without_a_database(ledger):
    with pytest.raises(DatabaseError, match="no warehouse"):
        migrate(ledger.settings)
    ledger.run()
    with pytest.raises(DatabaseError, match="knows 1 to"):
        migrate(ledger.settings, to=SCHEMA_VERSION + 1)
