"""The provider on loopback."""

from collections.abc import Iterator

import pytest
from tests.instrumentation.replay.provider import Provider


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()
