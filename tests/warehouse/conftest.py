"""What tests of the warehouse share."""

from pathlib import Path

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.seeds import price, seed_texts


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A warehouse whose seeds price input at 3 and output at 15 dollars a million."""
    return Ledger(tmp_path / "home", seed_texts(price("input", "3"), price("output", "15")))
