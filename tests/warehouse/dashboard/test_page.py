"""The page in a browser: its sums are the marts', it asks nobody, runs no stranger's script, and works by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.warehouse.dashboard.conftest import IMAGE, PLACE, SCRIPT
from tests.warehouse.passes import Ledger

WINDOW = "day between date '2026-03-21' and date '2026-03-30'"


@dataclass
class Opened:
    """A page and what it did besides showing itself."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        self.page.wait_for_selector("#tile-cost")

    def amount(self) -> Decimal:
        return amount(self.page.inner_text("#tile-cost .value"))

    def column(self, figure: str, heading: str) -> list[str]:
        """The cells of a column of the table under a chart."""
        table = self.page.locator(f"#{figure} table")
        headings = table.locator("th").all_text_contents()
        cells = table.locator(f"tbody td:nth-child({headings.index(heading) + 1})")
        return cells.all_text_contents()


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Opened]:
    page = browser.new_page()
    made = Opened(page, page_file.as_uri())
    page.on("request", lambda request: made.requests.append(request.url))
    page.on("console", lambda message: made.complaints.append(message.text))
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.go()
    yield made
    assert made.complaints == []
    page.close()


def amount(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("\N{MINUS SIGN}", "-")))


def mart(ledger: Ledger, table: str, where: str) -> Decimal:
    [row] = ledger.published_rows(f"select sum(contracted_cost_usd) as cost from marts.{table} where {where}")
    assert isinstance(row["cost"], Decimal)
    return row["cost"]


def test_the_sums_of_the_page_are_the_marts_to_the_last_digit(opened: Opened, ledger: Ledger) -> None:
    total = mart(ledger, "daily_costs", WINDOW)
    assert opened.amount() == total
    for figure in ("cost-by-day", "cost-by-model", "cost-by-operation", "cost-by-tenant"):
        cells = [cell for cell in opened.column(figure, "cost (USD)") if cell != "not known"]
        assert sum(map(amount, cells)) == total, figure
    # floats would not have done
    assert (
        Decimal(sum(float(cell.replace(",", "")) for cell in opened.column("cost-by-day", "cost (USD)")))
        != total
    )


def test_the_period_before_stands_beside_each_day(opened: Opened, ledger: Ledger) -> None:
    before = sum(map(amount, opened.column("cost-by-day", "period before (USD)")))
    assert before == mart(ledger, "daily_costs", "day between date '2026-03-11' and date '2026-03-20'")


def test_each_filter_is_in_the_address_and_cuts_where_the_mart_is_cut(opened: Opened, ledger: Ledger) -> None:
    opened.page.select_option("#filter-tenant", "acme-corp")
    assert "tenant=acme-corp" in opened.page.url
    assert opened.amount() == mart(ledger, "daily_costs", f"{WINDOW} and tenant_id = 'acme-corp'")
    opened.go("#operation=answer&days=7")
    assert opened.page.input_value("#filter-operation") == "answer"
    assert opened.amount() == mart(
        ledger, "costs_by_operation", "day > date '2026-03-23' and operation = 'answer'"
    )
    opened.go("#model=acme / a-1&tenant=acme-corp")
    assert opened.amount() == mart(
        ledger, "costs_by_model", f"{WINDOW} and model = 'a-1' and tenant_id = 'acme-corp'"
    )


def test_no_request_leaves_the_file(opened: Opened) -> None:
    opened.page.select_option("#filter-days", "7")
    assert [
        address for address in opened.requests if not address.startswith(("file:", "about:", "data:"))
    ] == []


def test_names_of_strangers_are_shown_and_never_run(opened: Opened) -> None:
    tenants = opened.page.locator("#filter-tenant option").all_text_contents()
    assert {SCRIPT, PLACE} <= set(tenants)
    assert IMAGE in opened.page.locator("#filter-operation option").all_text_contents()
    opened.page.locator("#failed-calls summary").click()
    assert SCRIPT in opened.page.inner_text("#failed-calls")
    assert opened.page.title() == "LLM costs"
    assert opened.page.locator("img").count() == 0


def test_what_is_not_known_is_said_and_never_a_zero(opened: Opened) -> None:
    assert "The cost of 1 calls is not known" in opened.page.inner_text("#banner")
    assert "not known" in opened.column("cost-by-model", "cost (USD)")
    assert opened.page.inner_text("#tile-cost-not-known .value") == "1"


def test_the_lists_have_failures_prices_and_their_trail(opened: Opened) -> None:
    for section, rows in (("failed-calls", 1), ("unpriced-usage", 2), ("prices", 3), ("restatements", 0)):
        assert opened.page.locator(f"#{section} tbody tr").count() == rows, section


def test_everything_is_reached_by_keyboard_and_every_chart_has_a_text(opened: Opened) -> None:
    page = opened.page
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"filter-days", "filter-tenant", "filter-model", "theme", "SUMMARY"} <= set(reached)
    page.focus("#cost-by-day summary")
    page.keyboard.press("Enter")
    assert page.locator("#cost-by-day table").is_visible()
    pictures = page.locator(".chart")
    texts = [pictures.nth(place).get_attribute("aria-label") for place in range(pictures.count())]
    assert len(texts) >= 6
    assert all(texts)


def test_dark_and_light_follow_the_system_and_the_button(browser: Browser, page_file: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(page_file.as_uri())
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.click("#theme")
    assert page.evaluate(colour) != dark
    page.click("#theme")
    assert page.evaluate(colour) == dark
    page.close()


def test_a_window_without_calls_says_so(opened: Opened) -> None:
    opened.go("#model=acme / nothing")
    assert "No calls in this window" in opened.page.inner_text("#charts")
