"""Every record that was loaded is in the archive, word for word and once, whatever dies on the way."""

import gzip
import json
from datetime import timedelta

import duckdb
import pytest
from tests.warehouse.records import NOON, PROCESS, chat, nanos, span, text_of, trailer

from spanledger_warehouse import runs
from spanledger_warehouse.archive import writing
from spanledger_warehouse.archive.layout import Archive, Part, live, part_name
from spanledger_warehouse.archive.reading import restore_archive
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import connect, prepare
from spanledger_warehouse.errors import ArchiveError

LOSS = {
    "v": 1,
    "kind": "loss",
    "process": PROCESS,
    "service": "desk",
    "at_unix_nano": nanos(NOON),
    "reason": "queue_full",
    "count": 2,
}
RAW = ("files", "spans", "losses", "segments", "rejects")


def archive_of(ledger):
    return Archive(ledger.settings.home.archive)


def archive(ledger):
    with connect(ledger.settings) as connection:
        return runs.archive_landing(connection, ledger.settings)


def lines(ledger):
    """All archived lines, from every part that counts."""
    paths = [str(part.path) for parts in archive_of(ledger).days().values() for part in parts]
    if not paths:
        return []
    found = duckdb.execute("select body from read_parquet(?) order by file_id, line", [paths])
    return [body for (body,) in found.fetchall()]


def differing(ledger):
    """Rows of raw that a database made from the archive has more or less, or otherwise."""
    with duckdb.connect() as fresh:
        prepare(fresh)
        create_loaded(fresh)
        restore_archive(fresh, archive_of(ledger))
        fresh.execute(f"attach '{ledger.settings.home.warehouse_file}' as kept (read_only)")
        return {
            table: found
            for table in RAW
            if (
                found := fresh.execute(
                    f"(from raw.{table} except all from kept.raw.{table}) union all "
                    f"(from kept.raw.{table} except all from raw.{table})"
                ).fetchall()
            )
        }


def test_every_record_is_archived_word_for_word(ledger):
    times = f'"start_time_unix_nano": {nanos(NOON) - 1}, "end_time_unix_nano": {nanos(NOON)}'
    odd = f' {{"v": 1,  "kind": "span", "process": "p", "sequence": 7, "mañana": 5.70, {times}, "input_tokens": true}}'
    written = [json.dumps(span(1, usage=chat(1, 1))), json.dumps(LOSS), odd, json.dumps(trailer([1]))]
    ledger.land("a.jsonl", ["{broken", written[0], "", *written[1:]])
    ledger.load()
    done = archive(ledger)
    assert (done.files, done.lines, done.problems) == (1, 4, [])
    assert lines(ledger) == written
    assert differing(ledger) == {}


def test_records_lie_by_their_day_and_without_a_landing_file(ledger):
    ledger.land(
        "a.jsonl", [span(day, ended=NOON + timedelta(days=day), usage=chat(1, 1)) for day in (1, 2, 2)]
    )
    ledger.load()
    archive(ledger)
    assert list(archive_of(ledger).days()) == ["2026-03-11", "2026-03-12"]
    (ledger.settings.home.landing / "a.jsonl").unlink()
    assert differing(ledger) == {}


def test_compressed_files_and_bad_bytes_are_archived_as_they_were_read(ledger):
    landing = ledger.settings.home.landing
    landing.mkdir(parents=True)
    (landing / "a.jsonl.gz").write_bytes(gzip.compress(text_of([span(1, usage=chat(1, 1))]).encode()))
    bad = b"\xff\xfe\n" + text_of([span(2, usage=chat(1, 1))]).encode() + b"\x00\n"
    (landing / "b.jsonl").write_bytes(bad + text_of([span(3, usage=chat(1, 1))]).encode())
    ledger.load()
    assert archive(ledger).lines == 3
    assert differing(ledger) == {}


def test_what_is_archived_is_archived_once(ledger):
    ledger.land("b.jsonl", [span(1, usage=chat(1, 1))])
    ledger.land("copy.jsonl", [span(1, usage=chat(1, 1))])
    ledger.load()
    assert archive(ledger).files == 1
    assert archive(ledger).files == 0
    ledger.load()
    assert archive(ledger).files == 0
    assert len(lines(ledger)) == 1


def test_a_file_that_changed_or_went_before_it_was_archived_is_told_and_tried_again(ledger):
    file = ledger.land("a.jsonl", [span(1, usage=chat(1, 1)), span(2, usage=chat(1, 1))])
    ledger.load()
    content = file.read_text()
    file.write_text(content.replace('"tenant": "acme-corp"', '"tenant": "other"', 1))
    [problem] = archive(ledger).problems
    assert "holds 1 of the 2 records" in problem
    file.unlink()
    [problem] = archive(ledger).problems
    assert "a.jsonl is gone" in problem
    assert lines(ledger) == []
    file.write_text(content)
    assert archive(ledger).problems == []
    assert len(lines(ledger)) == 2


@pytest.mark.parametrize("dies_at", ["files_of_batch", "place", "note"])
def test_a_death_while_archiving_leaves_nothing_double_and_nothing_out(ledger, monkeypatch, dies_at):
    days = [span(day, ended=NOON + timedelta(days=day), usage=chat(1, 1)) for day in range(1, 5)]
    ledger.land("a.jsonl", days)
    ledger.load()
    real = writing.sql_text, writing.place, writing.transaction
    placed = []

    def dying_text(folder, name):
        if name == dies_at:
            raise KeyboardInterrupt
        return real[0](folder, name)

    def dying_place(written, target):
        if dies_at == "place" and len(placed) == 2:
            raise KeyboardInterrupt
        placed.append(target)
        real[1](written, target)

    def dying_transaction(connection):
        if dies_at == "note":
            raise KeyboardInterrupt
        return real[2](connection)

    monkeypatch.setattr(writing, "sql_text", dying_text)
    monkeypatch.setattr(writing, "place", dying_place)
    monkeypatch.setattr(writing, "transaction", dying_transaction)
    with pytest.raises(KeyboardInterrupt):
        archive(ledger)
    monkeypatch.undo()
    ledger.land("b.jsonl", [span(9, usage=chat(1, 1))])
    ledger.load()
    archive(ledger)
    assert lines(ledger) == [*map(json.dumps, days), json.dumps(span(9, usage=chat(1, 1)))]
    assert differing(ledger) == {}
    assert not archive_of(ledger).work.exists() or not list(archive_of(ledger).work.rglob("*.parquet"))


def test_many_small_parts_become_one(ledger):
    for number in range(1, 2 * writing.MANY_PARTS + 2):
        ledger.land(f"{number:02}.jsonl", [span(number, usage=chat(1, 1))])
        ledger.load()
        archive(ledger)
    [parts] = archive_of(ledger).days().values()
    assert len(parts) < writing.MANY_PARTS
    assert len(archive_of(ledger).file_parts()) < writing.MANY_PARTS
    assert differing(ledger) == {}


def test_a_death_before_the_small_parts_are_removed_counts_them_once(ledger, monkeypatch):
    monkeypatch.setattr(writing, "MANY_PARTS", 3)
    for number in (1, 2):
        ledger.land(f"{number}.jsonl", [span(number, usage=chat(1, 1))])
        ledger.load()
        archive(ledger)
    folder = archive_of(ledger).day_folder("2026-03-10")
    small = {part.path: part.path.read_bytes() for part in live(folder)}
    ledger.land("3.jsonl", [span(3, usage=chat(1, 1))])
    ledger.load()
    archive(ledger)
    for path, content in small.items():
        path.write_bytes(content)
    assert len(lines(ledger)) == 3
    assert differing(ledger) == {}
    archive(ledger)
    assert len(list(folder.iterdir())) == 1


def test_which_parts_count(tmp_path):
    names = [part_name(1, 4), part_name(2, 2, 0), part_name(4, 4), part_name(5, 5, 0), part_name(5, 5, 1)]
    for name in (*names, "stray.parquet", "00000006-00000006.parquet.part"):
        (tmp_path / name).touch()
    assert [part.path.name for part in live(tmp_path)] == [names[0], names[3], names[4]]
    whole = tmp_path / part_name(5, 5)
    whole.touch()
    assert [part.path for part in live(tmp_path)] == [tmp_path / names[0], whole]
    assert Part(5, 5, 1, whole).is_within(Part(5, 5, -1, whole))


def damage(ledger, change):
    [part] = [part for parts in archive_of(ledger).days().values() for part in parts]
    change(part.path)


def rewritten(path, query):
    duckdb.sql(f"copy (select {query} from '{path}') to '{path}.new' (format parquet)")
    path.with_name(f"{path.name}.new").replace(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.unlink(), "2 records were archived, 0 are there"),
        (
            lambda path: rewritten(path, "* replace (replace(body, 'acme-corp', 'acme-inc') as body)"),
            "text differs",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "cannot be read"),
    ],
)
def test_an_archive_that_was_damaged_is_not_believed(ledger, change, said):
    ledger.land("a.jsonl", [span(1, usage=chat(1, 1)), span(2, usage=chat(1, 1))])
    ledger.load()
    archive(ledger)
    damage(ledger, change)
    with pytest.raises(ArchiveError, match=said):
        differing(ledger)
