"""`explain`: every line is quantity times price, and the lines are the published cost, to the last digit."""

from __future__ import annotations

import dataclasses
from decimal import Context, Decimal
from pathlib import Path

import pytest

from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.reading.explain import Explanation, as_object, explain_call, line_amount
from spanledger_warehouse.reading.receipt import amount, amounts, receipt


@pytest.fixture
def cached(published_file: Path, process: str) -> Explanation:
    return explain_call(published_file, f"{process}-2")


def test_the_lines_are_quantity_times_price(cached: Explanation) -> None:
    lines = {
        line["unit"]: (line["quantity"], line["unit_price"], line["list_cost_usd"]) for line in cached.lines
    }
    assert lines == {
        "input": (800, Decimal("0.000004"), Decimal("0.0032")),
        "cache_read": (200, Decimal("0.0000004"), Decimal("0.00008")),
        "output": (200, Decimal("0.00002"), Decimal("0.004")),
        "reasoning": (300, Decimal("0.00002"), Decimal("0.006")),
    }


def test_the_lines_add_up_to_the_published_cost(cached: Explanation) -> None:
    assert cached.total("list_cost_usd") == cached.call["list_cost_usd"] == Decimal("0.01328")
    assert cached.adds_up()


def test_a_cost_that_is_off_by_the_last_digit_does_not_add_up(cached: Explanation) -> None:
    last_digit = Decimal("0.000000000001")
    call = dict(cached.call) | {"contracted_cost_usd": cached.call["contracted_cost_usd"] + last_digit}
    assert not dataclasses.replace(cached, call=call).adds_up()
    line = dict(cached.lines[0]) | {"list_cost_usd": cached.lines[0]["list_cost_usd"] + last_digit}
    assert not dataclasses.replace(cached, lines=(line, *cached.lines[1:])).adds_up()


def test_every_call_of_the_file_adds_up(published_file: Path, process: str) -> None:
    for sequence in (1, 2, 3, 4, 5, 12):
        assert explain_call(published_file, f"{process}-{sequence}").adds_up()


def test_each_price_names_its_row_its_seed_line_and_its_evidence(cached: Explanation) -> None:
    for line in cached.lines:
        assert line["price_id"].startswith("p1-")
        assert line["file"] == "prices/openai.csv"
        assert line["seed_line"] > 1
        assert line["evidence_url"].startswith("https://")


def test_reasoning_is_billed_as_output_and_says_so(cached: Explanation) -> None:
    assert "price   as of output above, billed at the same row" in receipt(cached)


def test_the_receipt_walks_from_the_call_to_the_total(cached: Explanation, process: str) -> None:
    text = receipt(cached)
    lines = text.splitlines()
    assert lines[0] == f"call      {process}-2"
    assert "acme, analyze_edge_case" in text
    assert "since 2026-08-21 00:00:00" in text
    assert f"seed    prices/openai.csv:{cached.lines[0]['seed_line']} at" in text
    assert any(line.startswith("contracted cost") and line.endswith("0.01328 USD") for line in lines)
    assert "equal the published cost to the last digit" in text


def test_a_tier_is_named_in_the_receipt(published_file: Path, process: str) -> None:
    text = receipt(explain_call(published_file, f"{process}-3"))
    assert "request above 272,000 input tokens" in text


def test_what_has_no_price_is_counted_and_said(published_file: Path, process: str) -> None:
    text = receipt(explain_call(published_file, f"{process}-4"))
    assert "no price: counted, and not in the total" in text
    assert "unpriced: nothing of it has a price" in text


def test_a_failed_call_and_one_without_usage_say_why(published_file: Path, process: str) -> None:
    assert "no_usage: the call failed before any usage" in receipt(
        explain_call(published_file, f"{process}-5")
    )
    missing = receipt(explain_call(published_file, f"{process}-12"))
    assert "usage_missing: the provider reported no usage" in missing
    assert "(no usage to price)" in missing


def test_the_first_characters_of_an_id_are_enough_when_they_are_its_own(
    published_file: Path, process: str
) -> None:
    # `…-1` is a call of its own and also the beginning of `…-12`.
    assert explain_call(published_file, f"{process}-1").call["call_id"] == f"{process}-1"
    assert explain_call(published_file, f"{process}-3").call["sequence"] == 3
    with pytest.raises(PublishedError, match=f"6 calls start with '{process[:4]}'"):
        explain_call(published_file, process[:4])


def test_an_unknown_call_is_refused_with_the_next_step(published_file: Path) -> None:
    with pytest.raises(PublishedError, match="see the ids with: spanledger report calls"):
        explain_call(published_file, "nobody")


def test_as_an_object_it_has_the_call_its_lines_and_the_verdict(cached: Explanation) -> None:
    told = as_object(cached)
    assert told["adds_up"] is True
    assert len(told["lines"]) == 4
    assert told["call"]["seeds_commit"] == told["publication"]["seeds_commit"]


def test_a_line_is_rounded_once_half_to_even_to_twelve_places() -> None:
    assert line_amount(1, Decimal("0.0000000000005")) == Decimal(0)
    assert line_amount(3, Decimal("0.0000000000005")) == Decimal("0.000000000002")
    # The product has 32 digits; the default context of decimal keeps 28.
    product = 999_999_999_999 * 12_341_234_567_890_123_455
    exact = (
        Decimal(product).scaleb(-16, Context(prec=60)).quantize(Decimal("1e-12"), context=Context(prec=60))
    )
    assert line_amount(999_999_999_999, Decimal("1234.1234567890123455")) == exact


def test_amounts_of_a_column_share_their_decimals() -> None:
    assert amounts([Decimal("1.5"), None, Decimal("0.125")]) == ["1.500", "-", "0.125"]
    assert amount(Decimal(3)) == "3.00"
