"""The drill: back up, lose everything, restore somewhere else, run, verify. A damaged backup is not restored."""

import json
import shutil
from datetime import timedelta

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import SeedsRepository, price, seed_texts

from spanledger_warehouse.backup import DESCRIPTION, back_up, restore
from spanledger_warehouse.errors import DatabaseError, SpanledgerError
from spanledger_warehouse.rebuilding import rebuild
from spanledger_warehouse.settings import load_settings
from spanledger_warehouse.verify import verify


@pytest.fixture
def kept(tmp_path):
    """A ledger with a refused line, an archived file, and a file that waits in the landing zone."""
    repository = SeedsRepository(tmp_path / "seeds")
    repository.commit(seed_texts(price("input", "3"), price("output", "15")))
    ledger = at(tmp_path / "home", repository.root)
    ledger.land(
        "a.jsonl",
        [span(day, ended=NOON + timedelta(days=day), usage=chat(100, 10)) for day in (1, 2)] + ["{"],
    )
    ledger.run()
    ledger.land("waits.jsonl", [span(3, usage=chat(100, 10))])
    return ledger


def at(home, seeds):
    ledger = Ledger(home)
    ledger.settings = load_settings(home, {"SPANLEDGER_SEEDS": str(seeds)})
    ledger.seeds_folder = seeds
    return ledger


def saved(ledger, tmp_path):
    return back_up(ledger.settings, tmp_path / "backups", now=ledger.now).folder


def test_the_drill(kept, tmp_path):
    folder = saved(kept, tmp_path)
    shutil.rmtree(kept.settings.home.path)

    restored = at(tmp_path / "elsewhere", kept.seeds_folder)
    restored.now, restored.run_number = kept.now, kept.run_number
    made = restore(folder, restored.settings)
    assert made.spans == 2
    assert restored.run() == [NOON.date()]

    found = restored.published_rows(
        "select cast(sum(list_cost_usd) as varchar) as cost from marts.daily_costs"
    )
    assert found == [{"cost": "0.001350000000"}]
    assert verify(restored.settings).equal
    [refused] = restored.rows("select count(*) as n from raw.rejects")
    assert refused == {"n": 1}
    assert [file.read_bytes() for file in restored.settings.home.quarantine.iterdir()] == [b"{\n"]


def test_a_restored_warehouse_can_be_rebuilt_from_its_archive(kept, tmp_path):
    folder = saved(kept, tmp_path)
    restored = at(tmp_path / "elsewhere", kept.seeds_folder)
    restore(folder, restored.settings)
    restored.settings.home.warehouse_file.unlink()
    rebuild(restored.settings, run_id="r", now=restored.now)
    restored.run()
    assert restored.rows("select count(*) as n from raw.spans") == [{"n": 3}]


def test_a_damaged_backup_restores_nothing_and_says_which_file(kept, tmp_path):
    folder = saved(kept, tmp_path)
    said = json.loads((folder / DESCRIPTION).read_text())
    home = load_settings(tmp_path / "elsewhere", {})
    for entry in said["files"]:
        file = folder / entry["path"]
        content = file.read_bytes()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        with pytest.raises(DatabaseError, match=rf"{file.name} is damaged"):
            restore(folder, home)
        file.write_bytes(content)
    (folder / said["files"][0]["path"]).unlink()
    with pytest.raises(DatabaseError, match="is missing"):
        restore(folder, home)
    assert not home.home.path.exists()


def test_a_backup_is_not_restored_over_a_warehouse_nor_by_an_older_release(kept, tmp_path):
    folder = saved(kept, tmp_path)
    with pytest.raises(SpanledgerError, match="has a warehouse already"):
        restore(folder, kept.settings)
    said = json.loads((folder / DESCRIPTION).read_text())
    (folder / DESCRIPTION).write_text(json.dumps(said | {"schema_version": 999}))
    with pytest.raises(DatabaseError, match="newer release"):
        restore(folder, load_settings(tmp_path / "elsewhere", {}))
    with pytest.raises(DatabaseError, match="is no backup"):
        restore(tmp_path, load_settings(tmp_path / "elsewhere", {}))


def test_there_is_nothing_to_back_up_without_a_warehouse(ledger, tmp_path):
    with pytest.raises(DatabaseError, match="nothing to back up"):
        back_up(ledger.settings, tmp_path, now=ledger.now)
