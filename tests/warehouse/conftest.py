"""What tests of the warehouse share."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A warehouse whose seeds price input at 3 and output at 15 dollars a million."""
    return Ledger(tmp_path / "home", seed_texts(price("input", "3"), price("output", "15")))


@pytest.fixture(scope="session")
def _built_once(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    made = Ledger(
        tmp_path_factory.mktemp("built") / "home", seed_texts(price("input", "3"), price("output", "15"))
    )
    days = range(3)
    made.land(
        "0_1_2.jsonl",
        [span(100 + day, ended=NOON + timedelta(days=day), usage=chat(100, 10)) for day in days],
    )
    made.run()
    return made


@pytest.fixture
def built(_built_once: Ledger, tmp_path: Path) -> Ledger:
    """The ledger after a run over three days from March 10, with one call of 0.00045 dollars each."""
    home = tmp_path / "home"
    shutil.copytree(_built_once.settings.home.path, home, symlinks=True)
    shutil.rmtree(home / "landing")
    copy = Ledger(home, _built_once.texts)
    copy.now, copy.run_number = _built_once.now, _built_once.run_number
    return copy
