"""What is archived, or was refused long enough ago, is removed at its age and not before; nothing else ever is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.warehouse.records import chat, span

from spanledger_warehouse import runs
from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.retention import Removed, remove_aged
from spanledger_warehouse.settings import Retention, load_settings


def pass_at(ledger, now, **retention):
    """Archive and remove at a time; what is left in the landing zone and in the quarantine."""
    settings = replace(ledger.settings, retention=Retention(**retention))
    with connect(settings) as connection:
        runs.archive_landing(connection, settings, now=now)
    home = ledger.settings.home
    return sorted(file.name for folder in (home.landing, home.quarantine) for file in folder.iterdir())


@pytest.fixture
def loaded(ledger):
    ledger.land("a.jsonl", [span(1, usage=chat(1, 1)), "{refused"])
    ledger.land("same.jsonl", [span(1, usage=chat(1, 1)), "{refused"])
    ledger.load()
    return ledger


def test_landing_files_go_at_their_age_under_every_name_and_their_records_stay(loaded):
    [quarantined] = [file.name for file in loaded.settings.home.quarantine.iterdir()]
    just = loaded.now + timedelta(days=7)
    everything = sorted(["a.jsonl", "same.jsonl", quarantined])
    assert pass_at(loaded, just) == everything  # without a setting, never
    assert pass_at(loaded, just, landing_days=7) == everything
    assert pass_at(loaded, just + timedelta(microseconds=1), landing_days=7) == [quarantined]
    assert pass_at(loaded, just, landing_days=0, quarantine_days=7) == [quarantined]
    assert pass_at(loaded, just + timedelta(microseconds=1), quarantine_days=7) == []
    assert loaded.rows("select count(*) as n from raw.rejects") == [{"n": 1}]
    loaded.run()
    assert loaded.published_rows("select calls from marts.daily_costs") == [{"calls": 1}]
    assert loaded.look().nothing_new


def test_a_file_that_is_not_archived_or_was_changed_stays(loaded):
    changed = loaded.settings.home.landing / "a.jsonl"
    late = loaded.now + timedelta(days=99)
    with connect(loaded.settings) as connection:
        assert remove_aged(connection, Retention(landing_days=1), now=late) == Removed(
            0, 0
        )  # nothing is archived
    pass_at(loaded, late)
    changed.write_text(changed.read_text() + "\n")
    assert "a.jsonl" in pass_at(loaded, late, landing_days=1)
    assert not (loaded.settings.home.landing / "same.jsonl").exists()


def test_ages_are_settings_in_whole_days(tmp_path):
    found = load_settings(tmp_path, {"SPANLEDGER_LANDING_DAYS": "30", "SPANLEDGER_QUARANTINE_DAYS": "0"})
    assert found.retention == Retention(30, 0)
    assert load_settings(tmp_path, {}).retention == Retention(None, None)
    with pytest.raises(ConfigurationError, match="whole number of days"):
        load_settings(tmp_path, {"SPANLEDGER_LANDING_DAYS": "a week"})
