"""What readers open: whole versions, in a file any DuckDB since 1.4 reads, equal as Parquet, never in between."""

import shutil
import threading
from datetime import date, timedelta

import duckdb
import pytest
from tests.warehouse.harness import query
from tests.warehouse.records import NOON, chat, span

from spanledger_warehouse.publish import EXTRA_TABLES, KEPT_VERSIONS, published_models

NUMBERS = "select * from marts.daily_costs order by tenant_id, day"


def versions(ledger):
    return sorted(entry.name for entry in (ledger.settings.home.published / "versions").iterdir())


def parquet_rows(ledger, table):
    folder = ledger.settings.home.parquet / table.replace(".", "/")
    with duckdb.connect() as connection:
        return query(
            connection,
            f"select * from read_parquet('{folder}/**/*.parquet', union_by_name = true, hive_partitioning = false) "
            "order by all",
        )


def test_the_published_file_is_a_regular_file_with_the_catalog_spanledger(built):
    file = built.settings.home.published_file
    assert file.is_file()
    assert not file.is_symlink()
    with built.published() as connection:
        assert connection.execute("select current_database()").fetchone() == ("spanledger",)
        assert connection.execute("select count(*) from spanledger.marts.daily_costs").fetchone() == (3,)
    assert [entry.name for entry in file.parent.glob("*.wal")] == []


def test_the_published_file_has_the_storage_version_of_duckdb_1_4(built):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.settings.home.published_file}' as p (read_only)")
        [(tags,)] = connection.execute(
            "select tags from duckdb_databases() where database_name = 'p'"
        ).fetchall()
    assert tags["storage_version"].startswith("v1.4")


def test_every_mart_and_what_explains_it_is_published(built):
    with built.published() as connection:
        found = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    expected = {model.full_name for model in published_models()}
    assert {name for (name,) in found} == expected | {"ops.publication"}
    assert set(EXTRA_TABLES) < expected


def test_no_published_column_has_a_type_that_parquet_would_change(built):
    columns = built.published_rows("from duckdb_columns() where not internal")
    changing = {"HUGEINT", "UHUGEINT", "UBIGINT", "UUID", "DOUBLE", "FLOAT"}
    assert columns
    assert [(row["table_name"], row["column_name"]) for row in columns if row["data_type"] in changing] == []


def test_the_parquet_files_hold_the_same_rows_and_types(built):
    built.land("late.jsonl", [span(7, usage=chat(1, 1)), span(8, usage=None, http_status=500)])
    built.run()
    for model in published_models():
        rows = built.published_rows(f"select * from {model.full_name} order by all")
        if rows:
            assert parquet_rows(built, model.full_name) == rows, model.full_name


def test_pandas_and_arrow_read_a_table_by_its_folder(built):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    found = pandas.read_parquet(built.settings.home.parquet / "marts" / "daily_costs")
    assert sorted(found["day"]) == [row["day"] for row in built.published_rows(NUMBERS)]
    assert set(found["list_cost_usd"]) == {row["list_cost_usd"] for row in built.published_rows(NUMBERS)}


def test_parquet_in_the_layout_of_an_earlier_release_is_written_anew(built):
    table = built.settings.home.parquet.resolve() / "marts" / "daily_costs"
    for file in [*table.iterdir()]:
        folder = table / f"day={file.stem}"
        folder.mkdir()
        file.rename(folder / "data.parquet")
    built.land("late.jsonl", [span(7, usage=chat(1, 1))])
    built.run()
    assert len(parquet_rows(built, "marts.daily_costs")) == 3


def test_readers_of_the_old_version_keep_it_and_new_ones_see_the_new(built):
    with built.published() as reader:
        before = query(reader, NUMBERS)
        built.land("late.jsonl", [span(7, usage=chat(1, 1))])
        built.run()
        assert query(reader, NUMBERS) == before
    assert built.published_rows(NUMBERS) != before


def test_readers_during_publishing_see_whole_versions_and_no_error(built):
    stop, seen, errors = threading.Event(), [], []
    copy = built.settings.home.path / "copy.duckdb"

    def read():
        while not stop.is_set():
            try:
                shutil.copyfile(built.settings.home.published_file, copy)
                with duckdb.connect(str(copy), read_only=True) as connection:
                    daily = connection.execute("select sum(calls)::bigint from marts.daily_costs").fetchone()
                    calls = connection.execute("select count(*) from marts.calls").fetchone()
                list((built.settings.home.parquet / "marts").iterdir())
                stop.wait(0.02)
            except (OSError, duckdb.Error) as error:
                errors.append(error)
            else:
                seen.append((daily, calls))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        built.land("late.jsonl", [span(7, usage=chat(1, 1))])
        built.run()
        for number in range(8, 12):
            built.land(f"{number}.jsonl", [span(number, usage=chat(1, 1))])
            built.run()
    finally:
        stop.set()
        reader.join()
    assert errors == []
    assert seen
    assert all(daily == calls for daily, calls in seen)


def test_a_run_leaves_the_last_versions_and_no_more(built):
    for number in range(KEPT_VERSIONS):
        built.land(f"{number}.jsonl", [span(number + 7, usage=chat(1, 1))])
        built.run()
        assert versions(built)[-1].startswith(f"{built.now:%Y%m%dT%H%M}"), number
    assert len(versions(built)) == KEPT_VERSIONS


def test_a_run_that_changes_nothing_publishes_nothing(built):
    file, [version] = built.settings.home.published_file, versions(built)
    before = (file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes())
    assert built.run() == []
    built.publish()
    assert (file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()) == before
    assert versions(built) == [version]
    assert built.look().nothing_new
    built.land("bad.jsonl", ["{torn"])  # no day changes, and a finding is news all the same
    assert built.run() == []
    assert len(versions(built)) == 2
    [found] = built.published_rows(
        "select violations from marts.data_quality where check_name = 'rejected_lines'"
    )
    assert found == {"violations": 1}
    built.land("late.jsonl", [span(7, usage=chat(1, 1))])
    built.run()
    assert [row["calls"] for row in built.published_rows(NUMBERS)] == [2, 1, 1]


def test_only_the_files_of_changed_days_and_tables_are_written_again(built):
    def files():
        root = built.settings.home.parquet
        return {str(path.relative_to(root)): path.stat().st_ino for path in root.rglob("*.parquet")}

    before = files()
    built.land("late.jsonl", [span(7, ended=NOON + timedelta(days=1), usage=chat(1, 1))])
    built.run()
    after = files()
    written = {name for name in after if after[name] != before.get(name)}
    by_day = {name for name in written if not name.endswith("/data.parquet")}
    assert {name.split("/")[1] for name in by_day} >= {"daily_costs", "calls", "cost_lines"}
    utc = {name.rsplit("/", 1)[1] for name in by_day if "business_day" not in name}
    assert utc == {"2026-03-11.parquet"}
    assert {name for name in written - by_day if name.startswith("pricing/")} == set()


def test_an_older_version_is_not_changed_by_a_newer_one(built):
    [first] = versions(built)
    file = built.settings.home.published / "versions" / first / "spanledger.duckdb"
    before = file.read_bytes()
    built.land("late.jsonl", [span(7, usage=chat(1, 1))])
    built.run()
    assert file.read_bytes() == before
    assert file.stat().st_ino != built.settings.home.published_file.stat().st_ino


@pytest.mark.parametrize("lost", ["all", "parquet", "database"])
def test_what_was_lost_is_published_again_whole(built, lost):
    home = built.settings.home
    if lost in ("all", "parquet"):
        home.parquet.unlink()
    if lost in ("all", "database"):
        home.published_file.unlink()
    built.publish()
    assert len(built.published_rows(NUMBERS)) == 3
    assert parquet_rows(built, "marts.daily_costs") == built.published_rows(NUMBERS)


def test_nothing_of_another_warehouse_stays_in_the_published_file(built):
    shutil.rmtree(built.settings.home.warehouse_file.parent)
    built.land("fresh.jsonl", [span(1, usage=chat(1, 1), tenant="fresh")])
    built.run()
    found = built.published_rows("select tenant_id, day from marts.daily_costs")
    assert found == [{"tenant_id": "fresh", "day": date(2026, 3, 10)}]
    assert len(parquet_rows(built, "marts.daily_costs")) == 1


def test_a_damaged_published_file_is_replaced_by_a_whole_one(built):
    built.settings.home.published_file.unlink()
    built.settings.home.published_file.write_bytes(b"no database")
    built.publish()
    assert len(built.published_rows(NUMBERS)) == 3
