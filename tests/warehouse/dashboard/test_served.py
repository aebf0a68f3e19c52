"""The page behind the server: nothing without a token, a tenant's own numbers with its token, the marts' sums."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page
from tests.warehouse.dashboard.conftest import PLACE
from tests.warehouse.passes import Ledger

COMMAND = [sys.executable, "-c", "from spanledger.command import main; main()"]
WINDOW = "day > date '2026-02-28'"


def token(ledger: Ledger, *arguments: str) -> str:
    """A token made as an operator makes it."""
    home = ("--home", str(ledger.settings.home.path))
    done = subprocess.run(
        [*COMMAND, "token", "create", "browser", *arguments, *home, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(done.stdout)["token"]
    assert isinstance(made, str)
    return made


@pytest.fixture(scope="module")
def address(ledger: Ledger) -> Iterator[str]:
    """Where the server listens."""
    token(ledger, "--role", "admin")
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--home", str(ledger.settings.home.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert server.stdout is not None
        said = next(line for line in server.stdout if "http://" in line)
        yield re.search(r"http://[\d.:]+", said)[0]  # type: ignore[index]
    finally:
        server.terminate()
        server.communicate(timeout=60)


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Page]:
    """A tab on the dashboard that nobody has signed in to."""
    tab = browser.new_page()
    foreign: list[str] = []
    tab.on(
        "request",
        lambda request: (
            foreign.append(request.url) if not request.url.startswith((address, "data:")) else None
        ),
    )
    tab.goto(address)
    yield tab
    assert foreign == []
    tab.close()


def sign_in(tab: Page, text: str) -> None:
    tab.fill("#token", text)
    tab.keyboard.press("Enter")


def cost(tab: Page) -> Decimal:
    tab.wait_for_selector("#tile-cost")
    return Decimal(re.sub(r"[^0-9.]", "", tab.inner_text("#tile-cost .value")))


def mart(ledger: Ledger, where: str) -> Decimal:
    [row] = ledger.published_rows(
        f"select sum(contracted_cost_usd) as cost from marts.daily_costs where {where}"
    )
    assert isinstance(row["cost"], Decimal)
    return row["cost"]


def test_without_a_token_there_is_a_door_and_no_number(visitor: Page) -> None:
    assert visitor.is_visible("#sign-in")
    assert visitor.locator("#tile-cost").count() == 0
    sign_in(visitor, "guessed")
    visitor.wait_for_selector("#sign-in-error:not(:empty)")
    assert "not known" in visitor.inner_text("#sign-in-error")


def test_an_administrator_sees_every_tenant_and_the_marts_sum(visitor: Page, ledger: Ledger) -> None:
    sign_in(visitor, token(ledger, "--role", "admin"))
    assert cost(visitor) == mart(ledger, WINDOW)
    assert "acme-corp" in visitor.locator("#filter-tenant option").all_text_contents()
    visitor.reload()
    assert cost(visitor) == mart(ledger, WINDOW), "the tab keeps its token"


def test_a_tenant_sees_its_own_and_nothing_of_another(visitor: Page, ledger: Ledger) -> None:
    sign_in(visitor, token(ledger, "--tenant", "acme-corp"))
    assert cost(visitor) == mart(ledger, f"{WINDOW} and tenant_id = 'acme-corp'")
    assert visitor.locator("#filter-tenant option").all_text_contents() == ["all", "acme-corp"]
    assert PLACE not in visitor.content().split('id="data"')[0]
    assert PLACE not in visitor.inner_text("main")


def test_a_longer_window_is_asked_for_and_stays_in_the_address(visitor: Page, ledger: Ledger) -> None:
    sign_in(visitor, token(ledger, "--role", "admin"))
    visitor.wait_for_selector("#tile-cost")
    with visitor.expect_response(lambda response: "days=90" in response.url):
        visitor.select_option("#filter-days", "90")
    visitor.wait_for_function("document.querySelectorAll('#cost-by-day tbody tr').length === 90")
    assert "days=90" in visitor.url
