"""A disk without space fails the run and leaves what was there; with space the next run goes on. A real file system."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse.errors import SpanledgerError

SIZE = 96 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own in memory, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes free."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - left)
    return filler


@pytest.mark.parametrize("left", [0, 300_000, 4_000_000])
def test_a_full_disk_fails_the_run_and_the_next_one_with_space_goes_on(small_disk, tmp_path, left):
    ledger = Ledger(small_disk / "home", seed_texts(price("input", "3"), price("output", "15")))
    ledger.settings = replace(
        ledger.settings,
        home=replace(ledger.settings.home, landing=tmp_path / "landing", spool=tmp_path / "spool"),
    )
    ledger.land("a.jsonl", [span(1, usage=chat(100, 10))])
    ledger.run()
    before = ledger.settings.home.published_file.read_bytes()

    filler = fill(small_disk, left)
    ledger.land("b.jsonl", [span(number, usage=chat(100, 10)) for number in range(2, 6000)])
    with pytest.raises((duckdb.Error, OSError, SpanledgerError), match=r"(?i)space|full|disk|allocat|write"):
        ledger.run()
    assert ledger.settings.home.published_file.read_bytes() == before

    filler.unlink()
    ledger.run()
    [row] = ledger.published_rows(
        "select calls, cast(list_cost_usd as varchar) as cost from marts.daily_costs"
    )
    assert row == {"calls": 5999, "cost": "2.699550000000"}
    assert ledger.look().nothing_new
