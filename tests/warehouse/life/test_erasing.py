"""What people wrote about one person or tenant is in no file any more, and not a cent moved."""

import json
from datetime import timedelta

import duckdb
import pytest
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse.archive.layout import Archive
from spanledger_warehouse.archive.reading import restore_archive
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.erasing import Whom, erase, forget_versions, money_digest
from spanledger_warehouse.errors import SpanledgerError

SECRET, OTHER = "person-4711-secret", "person-0815-other"
SCOPE = "tenant,service,operation,metadata_key,metadata_value"
ATTRIBUTION = f"attribution,effective_from,effective_to,{SCOPE},target_tenant,reason"


def about(who, **more):
    return json.dumps({"customer/id": who, "note": f"{who} asked", **more})


@pytest.fixture
def known(ledger):
    """Calls of two persons and two tenants over two days, a better copy of one, a refused line of each person."""
    ledger.land(
        "a.jsonl",
        [
            span(1, usage=chat(100, 10), metadata=about(SECRET), error_message=f"{SECRET} timed out"),
            span(2, usage=chat(200, 10), metadata=about(OTHER)),
            span(
                3,
                usage=chat(300, 10),
                ended=NOON + timedelta(days=1),
                attributes={"customer/id": SECRET, "n": 1},
            ),
            span(4, usage=chat(400, 10), tenant="globex", metadata=json.dumps({"by": "globex-secret"})),
            json.dumps(span(5, metadata=about(SECRET)) | {"v": 9}),
            json.dumps(span(6, metadata=about(OTHER)) | {"v": 9}),
        ],
    )
    ledger.land("b.jsonl", [span(1, usage=chat(100, 10), metadata=about(SECRET, copy=True))])
    ledger.run()
    return ledger


def holding(ledger, text):
    """Files of the home folder whose bytes hold a text; Parquet and DuckDB pack theirs, so these are read too."""
    home = ledger.settings.home.path
    found = {file for file in home.rglob("*") if file.is_file() and text.encode() in file.read_bytes()}
    with ledger.published() as published:
        for file in home.rglob("*.parquet"):
            rows = published.execute("select * from read_parquet(?)", [str(file)]).fetchall()
            if text in repr(rows):
                found.add(file)
        if text in repr(published.execute("from marts.calls").fetchall()):
            found.add(ledger.settings.home.published_file)
    return sorted(str(file.relative_to(home)) for file in found)


def do_erase(ledger, **whom):
    before = money_digest(ledger.settings)
    done = erase(ledger.settings, Whom(**whom), run_id=ledger.begin(), now=ledger.now)
    ledger.run()
    forget_versions(ledger.settings)
    assert money_digest(ledger.settings) == before
    return done


def test_a_person_is_erased_everywhere_and_nobody_else(known):
    assert len(holding(known, SECRET)) >= 5
    done = do_erase(known, key="customer/id", value=SECRET)
    assert (done.calls, done.quarantined, done.landing_files) == (3, 1, 2)
    assert holding(known, SECRET) == []
    assert len(holding(known, OTHER)) >= 3
    rows = known.published_rows(
        "select sequence, request_metadata as m, error_message as e from marts.calls order by 1"
    )
    assert [(row["sequence"], row["m"] is None, row["e"]) for row in rows] == [
        (1, True, None),
        (2, False, None),
        (3, True, None),
        (4, False, None),
    ]
    assert known.rows("select attributes from raw.spans where sequence = 3") == [{"attributes": '{"n":1}'}]
    assert known.look().nothing_new


def test_a_tenant_is_erased_and_its_costs_stay_its_own(known):
    assert do_erase(known, tenant="globex").calls == 1
    assert holding(known, "globex-secret") == []
    assert len(holding(known, SECRET)) >= 3
    [row] = known.published_rows(
        "select tenant_id, request_metadata as m from marts.calls where sequence = 4"
    )
    assert row == {"tenant_id": "globex", "m": None}


def test_what_is_erased_stays_erased_after_a_rebuild_and_erasing_again_changes_nothing(known, tmp_path):
    do_erase(known, key="customer/id", value=SECRET)
    assert do_erase(known, key="customer/id", value=SECRET).calls == 0
    with duckdb.connect() as fresh:
        prepare(fresh)
        create_loaded(fresh)
        assert restore_archive(fresh, Archive(known.settings.home.archive)) == 5
        hashes = "select content_hash from raw.spans order by all"
        assert fresh.execute(hashes).fetchall() == [tuple(row.values()) for row in known.rows(hashes)]


def test_a_call_that_was_attributed_by_what_is_erased_stays_with_its_tenant(known):
    rule = "seven,2026-01-01T00:00:00Z,,,,,customer/id,,seven-inc,their customers"
    known.texts = {
        **seed_texts(price("input", "3"), price("output", "15")),
        "attribution.csv": f"{ATTRIBUTION}\n{rule}\n",
    }
    known.run()
    do_erase(known, key="customer/id", value=SECRET)
    tenants = known.published_rows(
        "select sequence, tenant_id from marts.calls where sequence < 3 order by 1"
    )
    assert tenants == [{"sequence": 1, "tenant_id": "seven-inc"}, {"sequence": 2, "tenant_id": "seven-inc"}]


def test_nothing_is_erased_while_there_is_work_or_a_file_is_not_archived(known):
    known.rows("insert into ops.dirty_days (day, cause, run_id) values (date '2026-03-10', 'spans', 'x')")
    with pytest.raises(SpanledgerError, match="days wait to be built"):
        do_erase(known, tenant="globex")
    known.run()
    known.land("c.jsonl", [span(9, usage=chat(1, 1))])
    known.load()
    known.rows("delete from ops.dirty_days")
    (known.settings.home.landing / "c.jsonl").unlink()
    with pytest.raises(SpanledgerError, match="not archived"):
        do_erase(known, tenant="globex")
    assert len(holding(known, "globex-secret")) >= 3
