"""The documented questions over the published file: exact, filtered by bound values, read-only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from spanledger_warehouse.errors import ConfigurationError, PublishedError
from spanledger_warehouse.reading.published import open_published, short_commit
from spanledger_warehouse.reading.reports import QUESTIONS, Answer, ask

# USD per million tokens of gpt-5.6-sol before and after 2026-08-21, and above 272,000 input tokens after it.
BEFORE = (800 * Decimal("5.00") + 200 * Decimal("0.50") + 500 * Decimal("30.00")) / 1_000_000
AFTER = (800 * Decimal("4.00") + 200 * Decimal("0.40") + 500 * Decimal("20.00")) / 1_000_000
LONG = (300_000 * Decimal("8.00") + 10 * Decimal("30.00")) / 1_000_000


def by(answer: Answer, *keys: str) -> dict[tuple[object, ...], dict[str, object]]:
    return {tuple(row[key] for key in keys): row for row in answer.records()}


def test_daily_costs_are_exact_decimals_on_both_sides_of_a_price_change(published_file: Path) -> None:
    days = by(ask(published_file, "daily"), "tenant_id", "day")
    assert days["acme", date(2026, 8, 20)]["contracted_cost_usd"] == BEFORE
    assert days["acme", date(2026, 8, 21)]["contracted_cost_usd"] == AFTER
    assert days["globex", date(2026, 8, 21)]["contracted_cost_usd"] == LONG


def test_what_has_no_known_cost_stands_beside_every_total(published_file: Path) -> None:
    days = by(ask(published_file, "daily"), "tenant_id", "day")
    assert days["acme", date(2026, 8, 21)]["incomplete_calls"] == 1
    assert days["globex", date(2026, 8, 21)]["incomplete_calls"] == 1
    assert days["globex", date(2026, 8, 21)]["coverage_pct"] == Decimal("99.97")


def test_models_add_up_the_days_and_average_over_calls(published_file: Path) -> None:
    models = by(ask(published_file, "models"), "tenant_id", "model")
    sol = models["acme", "gpt-5.6-sol"]
    assert sol["calls"] == 4
    assert sol["contracted_cost_usd"] == BEFORE + AFTER
    assert sol["avg_input_tokens"] == 500
    # Three calls have a known cost: two were priced, one failed before any usage and cost nothing.
    assert sol["avg_cost_usd"] == ((BEFORE + AFTER) / 3).quantize(Decimal("1e-9"))
    assert models["globex", "in-house"]["contracted_cost_usd"] is None
    assert models["globex", "in-house"]["coverage_pct"] == 0


def test_operations_have_their_average_duration(published_file: Path) -> None:
    operations = by(ask(published_file, "operations"), "tenant_id", "service", "operation")
    assert operations["globex", "support-desk", "match_pattern"]["avg_duration_ms"] == 1500


def test_all_three_views_have_the_same_total(published_file: Path) -> None:
    totals = {
        name: ask(published_file, name).total("contracted_cost_usd")
        for name in ("daily", "models", "operations")
    }
    assert set(totals.values()) == {BEFORE + AFTER + LONG}


def test_a_tenant_sees_only_its_own(published_file: Path) -> None:
    for name in QUESTIONS:
        rows = ask(published_file, name, tenant="globex").records()
        assert {row["tenant_id"] for row in rows} <= {"globex"}


def test_a_tenant_name_is_a_value_and_never_a_piece_of_sql(published_file: Path) -> None:
    assert ask(published_file, "daily", tenant="acme' or 'a' = 'a").rows == []


def test_days_count_back_from_the_newest_day_of_the_ledger(published_file: Path) -> None:
    newest = ask(published_file, "daily", days=1)
    assert {row["day"] for row in newest.records()} == {date(2026, 8, 21)}


def test_calls_come_newest_first_and_no_more_than_asked_for(published_file: Path, process: str) -> None:
    calls = list(ask(published_file, "calls", at_most=2).records())
    assert [call["call_id"] for call in calls] == [f"{process}-12", f"{process}-5"]


def test_failed_calls_have_their_error_and_their_cost(published_file: Path) -> None:
    (failed,) = ask(published_file, "failed").records()
    assert (failed["error_type"], failed["contracted_cost_usd"]) == ("500", Decimal(0))


def test_unpriced_usage_names_model_unit_and_reason(published_file: Path) -> None:
    unpriced = by(ask(published_file, "unpriced"), "model", "unit")
    assert unpriced["in-house", "input"]["quantity"] == 70
    assert unpriced["in-house", "output"]["reason"] == "no_model"


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_shows_columns_that_its_answer_has(published_file: Path, name: str) -> None:
    answer = ask(published_file, name)
    assert set(answer.question.shown) <= set(answer.columns)
    assert set(answer.question.totals) <= set(answer.columns)
    assert len(answer.shown()[1]) == len(answer.rows)


def test_an_answer_says_which_version_and_seeds_it_comes_from(published_file: Path) -> None:
    made = ask(published_file, "daily").publication
    assert made.run_id == "run-of-the-test"
    assert made.seeds_state == "uncommitted"
    assert made.seeds.endswith("(uncommitted)")


def test_an_unknown_question_is_refused(published_file: Path) -> None:
    with pytest.raises(ConfigurationError, match="no report 'yearly'"):
        ask(published_file, "yearly")


def test_a_file_that_is_not_there_or_not_a_database_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match="make it with: spanledger run"):
        ask(tmp_path / "spanledger.duckdb", "daily")
    (tmp_path / "other.duckdb").write_text("not a database " * 500, encoding="utf-8")
    with pytest.raises(PublishedError, match="cannot be read"):
        ask(tmp_path / "other.duckdb", "daily")


def test_readers_cannot_write(published_file: Path) -> None:
    with open_published(published_file) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("delete from marts.daily_costs")


@pytest.mark.parametrize(
    ("commit", "short"),
    [
        ("0123456789abcdef0123456789abcdef01234567", "0123456789ab"),
        ("0123456789abcdef0123456789abcdef01234567+uncommitted", "0123456789ab"),
        ("spanledger-0.1.0+0123456789ab", "spanledger-0.1.0+0123456789ab"),
    ],
)
def test_commits_are_quoted_short_and_releases_whole(commit: str, short: str) -> None:
    assert short_commit(commit) == short
