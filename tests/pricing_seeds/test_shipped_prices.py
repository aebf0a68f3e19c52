"""The catalogue that is shipped: it passes its own gate, says what it must, and is documented."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from spanledger_warehouse.seeds import read_seeds, resolve
from spanledger_warehouse.seeds.check import check, check_dates, check_jumps, check_plausible
from spanledger_warehouse.seeds.rows import FILES, PriceRow
from spanledger_warehouse.seeds.tables import columns_of

MICROSECOND = timedelta(microseconds=1)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def amount(catalogue, provider, model, unit, at, *, context="standard", region="global", tier=0):
    """The price of a name in force at an instant, or None."""
    priced = {(row.provider, row.model) for row in catalogue.prices}
    name = resolve(provider, model, at, priced, catalogue.aliases)
    wanted = (*name, unit, context, region, tier) if name else None
    found = [
        period.row.price
        for period in catalogue.price_periods()
        if (*period.row.series[:5], period.row.tier_above) == wanted and period.holds_at(at)
    ]
    assert len(found) <= 1
    return found[0] if found else None


def test_the_shipped_prices_have_no_defect(shipped):
    assert list(shipped.findings) == []
    assert list(check_dates(shipped.prices, NOW.date())) == []
    assert list(check_jumps(shipped)) == []
    assert list(check_plausible(shipped)) == []


def test_the_gate_finds_no_error_in_the_shipped_catalogue_and_its_history(shipped_folder):
    if not (shipped_folder.parent / ".git").exists():
        pytest.skip("this is no git checkout, so there is no history to check")
    findings = check(read_seeds(shipped_folder, allow_uncommitted=True), "HEAD")
    assert [str(finding) for finding in findings if finding.is_error] == []


@pytest.mark.parametrize(
    ("provider", "model", "at", "price_in", "price_out"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929", "2025-10-01", "3", "15"),
        ("anthropic", "claude-opus-4-5", "2025-12-01", "5", "25"),
        ("anthropic", "claude-3-5-sonnet-20241022", "2024-11-01", "3", "15"),
        ("anthropic", "claude-3-opus-20240229", "2024-04-01", "15", "75"),
        ("anthropic", "claude-3-haiku-20240307", "2024-04-01", "0.25", "1.25"),
        ("openai", "gpt-4-turbo", "2024-05-01", "10", "30"),
        ("openai", "gpt-4", "2023-05-01", "30", "60"),
        ("openai", "gpt-3.5-turbo", "2024-03-01", "0.5", "1.5"),
        ("google", "gemini-pro", "2024-06-01", "0.5", "1.5"),
        ("gcp.gemini", "gemini-pro-vision", "2024-06-01", "0.5", "1.5"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "2025-10-01", "3", "15"),
        ("openrouter", "anthropic/claude-opus-4.5", "2025-12-01", "5", "25"),
        ("openrouter", "anthropic/claude-3.5-sonnet", "2024-11-01", "3", "15"),
        ("openrouter", "anthropic/claude-3-opus", "2024-04-01", "15", "75"),
        ("openrouter", "anthropic/claude-3-haiku", "2024-04-01", "0.25", "1.25"),
        ("openrouter", "openai/gpt-4-turbo", "2024-05-01", "10", "30"),
        ("openrouter", "openai/gpt-4", "2023-12-01", "30", "60"),
        ("openrouter", "openai/gpt-3.5-turbo", "2024-03-01", "0.5", "1.5"),
        ("openrouter", "google/gemini-pro", "2024-06-01", "0.5", "1.5"),
        ("openrouter", "google/gemini-pro-vision", "2024-06-01", "0.5", "1.5"),
    ],
)
def test_the_models_that_were_asked_for_have_prices(shipped, provider, model, at, price_in, price_out):
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert amount(shipped, provider, model, "input", instant) == Decimal(price_in)
    assert amount(shipped, provider, model, "output", instant) == Decimal(price_out)


@pytest.mark.parametrize(
    ("provider", "model", "changes_at", "before", "after"),
    [
        ("openai", "gpt-5.6-sol", "2026-08-21T00:00:00", "5", "4"),
        ("openai", "gpt-5.6", "2026-08-21T00:00:00", "5", "4"),
        ("openai", "gpt-5.6-luna", "2026-07-30T00:00:00", "1", "0.2"),
        ("openai", "gpt-5.6-terra", "2026-07-30T00:00:00", "2.5", "2"),
        ("openai", "o3", "2025-06-10T00:00:00", "10", "2"),
        ("openai", "gpt-4o", "2024-10-02T00:00:00", "5", "2.5"),
        ("openai", "gpt-3.5-turbo", "2024-02-16T00:00:00", "1", "0.5"),
        ("google", "gemini-3.6-flash", "2026-08-13T18:11:24", "1.5", "0.75"),
        ("google", "gemini-3.8-flash", "2027-01-01T00:00:00", "0.75", "1.5"),
        ("google", "gemini-flash-latest", "2026-08-21T06:42:28", "1.5", "0.75"),
        ("google", "gemini-4-argon", "2026-12-01T00:00:00", "2", "4"),
    ],
)
def test_a_price_change_applies_from_its_first_instant(shipped, provider, model, changes_at, before, after):
    instant = datetime.fromisoformat(changes_at).replace(tzinfo=UTC)
    assert amount(shipped, provider, model, "input", instant - MICROSECOND) == Decimal(before)
    assert amount(shipped, provider, model, "input", instant) == Decimal(after)
    assert amount(shipped, provider, model, "input", instant + MICROSECOND) == Decimal(after)


def test_the_premium_for_long_prompts_ended(shipped):
    end = datetime(2026, 3, 13, tzinfo=UTC)
    assert amount(shipped, "anthropic", "claude-opus-4-6", "input", end - MICROSECOND, tier=200000) == 10
    assert amount(shipped, "anthropic", "claude-opus-4-6", "input", end, tier=200000) is None


def test_a_region_costs_a_tenth_more_in_all_its_units_and_contexts(shipped):
    everywhere = {
        (row.model, row.unit, row.context, row.tier_above, row.effective_from): row.price
        for row in shipped.in_force
        if row.provider == "anthropic" and row.region == "global"
    }
    served_in_us = [row for row in shipped.in_force if row.provider == "anthropic" and row.region == "us"]
    for row in served_in_us:
        factor = 1 if row.unit == "web_search" else Decimal("1.1")
        key = (row.model, row.unit, row.context, row.tier_above, row.effective_from)
        assert row.price == everywhere[key] * factor, row.place
    with_region = {row.model for row in served_in_us}
    assert len(served_in_us) == sum(key[0] in with_region for key in everywhere)
    assert amount(shipped, "anthropic", "claude-opus-5-5", "output", NOW, region="us") == 22


def test_a_snapshot_with_its_own_price_is_no_alias(shipped):
    assert amount(shipped, "openai", "gpt-4o-2024-05-13", "input", NOW) == 5
    assert amount(shipped, "openai", "gpt-4o-2024-11-20", "input", NOW) == Decimal("2.5")


@pytest.mark.parametrize(
    "model", ["gpt-4o-2031-01-01", "gpt-5.6-nova", "claude-sonnet-4-5-fast", "gemini-9-pro"]
)
def test_an_unknown_sibling_has_no_price(shipped, model):
    for provider in ("openai", "anthropic", "google", "openrouter"):
        assert amount(shipped, provider, model, "input", NOW) is None


def test_the_common_units_come_first_and_are_columns(shipped):
    assert [unit.unit for unit in shipped.units[:12]] == [
        "input",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "output",
        "reasoning",
        "input_audio",
        "output_audio",
        "input_image",
        "output_image",
        "web_search",
        "request",
    ]
    assert [unit.unit for unit in shipped.units if unit.optional] == ["request"]


def test_rows_are_sorted_so_that_a_change_is_a_small_diff(shipped):
    files = {row.file for row in shipped.prices}
    for file in files:
        models = [row.model for row in shipped.prices if row.file == file]
        assert models == sorted(models)


def test_what_is_recalled_is_nobodys_documented_word(shipped):
    recalled = [row for row in shipped.in_force if "recalled" in row.note or "not known" in row.note]
    assert len(recalled) > 1000
    assert {row.basis for row in recalled} == {"third_party"}


def test_every_file_and_column_is_documented_once(shipped_folder):
    readme = (shipped_folder / "README.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0].strip("` "): part for part in readme.split("\n## ")[1:]}
    schemas = {**FILES, "prices/<provider>.csv": PriceRow}
    for file, row_type in schemas.items():
        listed = [
            row.split("|")[1].strip(" `") for row in sections[file].split("\n") if row.startswith("| `")
        ]
        assert listed == list(columns_of(row_type)), file


def test_every_file_is_there(shipped_folder):
    for file in [*FILES, "allowed_signers", "README.md"]:
        assert (shipped_folder / file).is_file(), file
    known = {*FILES, "allowed_signers", "README.md", "prices"}
    assert {path.name for path in shipped_folder.iterdir() if not path.name.startswith(".")} == known
