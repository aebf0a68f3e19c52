"""The page over a small ledger of strangers' names, opened in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import price, seed_texts

from spanledger_warehouse.dashboard.dataset import Scope, dataset
from spanledger_warehouse.dashboard.page import page
from spanledger_warehouse.reading.published import open_published

LAST_DAY = datetime(2026, 3, 30, 12, tzinfo=UTC)
SCRIPT = "</script><script>document.title='taken'</script>"
IMAGE = "<img src=x onerror=\"document.title='taken'\">"
# A part of the page's own template, as somebody's tenant.
PLACE = "@scripts@"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """Two windows of ten days; amounts whose sum floats would miss; a failed and an unpriced call."""
    made = Ledger(
        tmp_path_factory.mktemp("dashboard") / "home",
        seed_texts(price("input", "3"), price("output", "15.1"), price("cache_read", "0.3")),
    )
    calls = [
        span(
            number,
            ended=LAST_DAY - timedelta(days=number % 20, hours=number % 7),
            tenant=("acme-corp", SCRIPT, PLACE)[number % 3],
            operation=("answer", IMAGE)[number % 2],
            usage=chat(100_000_003 + number, 7 + number, cached=11 * number),
        )
        for number in range(1, 61)
    ]
    failed = span(
        98,
        ended=LAST_DAY,
        usage=chat(10, 1),
        http_status=500,
        status_code="error",
        error_type="500",
        error_message=SCRIPT,
    )
    unpriced = span(99, ended=LAST_DAY, response_model="in-house", usage=chat(70, 7))
    made.land("calls.jsonl", [*calls, failed, unpriced])
    made.run()
    return made


@pytest.fixture(scope="session")
def page_file(ledger: Ledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as a file, over the last ten days of all tenants."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    with open_published(ledger.settings.home.published_file) as connection:
        file.write_text(page(dataset(connection, Scope(days=10))), encoding="utf-8")
    return file


# Playwright runs an event loop in this thread; it has to be over before tests of another file run theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; on a person's machine that has none the tests are skipped, in CI they fail."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None and not os.environ.get("CI"):
        pytest.skip("needs Chromium on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()
