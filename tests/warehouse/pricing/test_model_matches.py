"""Which price a model id resolves to, and when: the same as the seeds' own resolver says."""

import itertools
from datetime import UTC, datetime

import pytest
from tests.warehouse.harness import DAY
from tests.warehouse.pricing.cards import built
from tests.warehouse.seeds import alias, price, seed_files, seed_texts

from spanledger_warehouse.seeds.aliases import resolve
from spanledger_warehouse.seeds.catalogue import parse

PRICES = (
    price("input", "3"),
    price("input", "4", model="a-2"),
    price("input", "4.4", model="a-2", region="us"),
    price("input", "5", provider="rented", model="r-1"),
)
FEBRUARY, MARCH = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def call(provider="acme", model_id="a-1", **changed):
    return {
        "call_id": f"{provider}-{model_id}",
        "day": DAY,
        "disposition": "billable",
        "provider": provider,
        "model_id": model_id,
        "pricing_context": "standard",
        "pricing_region": "global",
    } | changed


def matches(*aliases, calls=(), prices=PRICES):
    seeds = seed_texts(*prices, aliases=aliases)
    return built("pricing.model_matches", seeds=seeds, calls=list(calls) or [call()])


def resolved(*aliases, **wanted):
    """(from, billing provider, price model, matched by) of one call, by time."""
    rows = matches(*aliases, calls=[call(**wanted)])
    for before, after in itertools.pairwise(rows):
        assert before["valid_to"] == after["valid_from"]
    assert (rows[0]["valid_from"].year, rows[-1]["valid_to"].year) == (1, 9999)
    return [
        (f"{row['valid_from']:%m-%d}", row["billing_provider"], row["price_model"], row["matched_by"])
        for row in rows
    ]


def test_an_exact_name_wins_over_an_alias():
    assert resolved(alias("acme", "a-1", target_model="a-2")) == [("01-01", "acme", "a-1", "exact")]


def test_an_alias_matches_the_whole_name_only():
    dated = alias("acme", r"a-1-\d{4}", target_model="a-1")
    assert resolved(dated, model_id="a-1-0301") == [("01-01", "acme", "a-1", "alias")]
    for other in ("a-1-0301x", "xa-1-0301", "A-1-0301", "a-1-301"):
        assert resolved(dated, model_id=other) == [("01-01", "acme", None, "none")]


def test_an_unknown_model_resolves_to_nothing():
    assert resolved(model_id="a-3") == [("01-01", "acme", None, "none")]
    assert resolved(provider="nobody", model_id="a-1") == [("01-01", "nobody", None, "none")]


def test_a_dated_alias_holds_in_its_time_only():
    dated = alias("acme", "latest", target_model="a-1", effective_from=FEBRUARY, effective_to=MARCH)
    followed = alias("acme", "latest", target_model="a-2", effective_from=MARCH)
    assert resolved(dated, followed, model_id="latest") == [
        ("01-01", "acme", None, "none"),
        ("02-01", "acme", "a-1", "alias"),
        ("03-01", "acme", "a-2", "alias"),
    ]


def test_another_name_of_a_provider_leads_to_its_prices_and_its_aliases():
    other = alias("acme.cloud", "")
    assert resolved(other, provider="acme.cloud") == [("01-01", "acme", "a-1", "exact")]
    latest = alias("acme", "latest", target_model="a-2")
    assert resolved(other, latest, provider="acme.cloud", model_id="latest") == [
        ("01-01", "acme", "a-2", "alias")
    ]
    assert resolved(other, provider="acme.cloud", model_id="a-9") == [("01-01", "acme", None, "none")]


def test_a_provider_is_another_name_in_its_time_only():
    other = alias("acme.cloud", "", effective_from=FEBRUARY, effective_to=MARCH)
    assert resolved(other, provider="acme.cloud") == [
        ("01-01", "acme.cloud", None, "none"),
        ("02-01", "acme", "a-1", "exact"),
        ("03-01", "acme.cloud", None, "none"),
    ]


def test_what_a_provider_says_of_itself_goes_before_the_one_it_is_another_name_of():
    other = alias("rented", "")
    own = alias("rented", "a-1", target_model="a-2", effective_from=FEBRUARY)
    assert resolved(other, provider="rented", model_id="r-1") == [("01-01", "rented", "r-1", "exact")]
    assert resolved(other, own, provider="rented", model_id="a-1") == [
        ("01-01", "acme", "a-1", "exact"),
        ("02-01", "rented", "a-2", "alias"),
    ]


def test_the_region_of_the_price_is_the_served_one_only_where_the_model_has_it():
    calls = [
        call(model_id="a-2", pricing_region="us"),
        call(model_id="a-1", pricing_region="us"),
        call(model_id="a-2"),
    ]
    found = {(row["model_id"], row["pricing_region"]): row["price_region"] for row in matches(calls=calls)}
    assert found == {("a-2", "us"): "us", ("a-1", "us"): "global", ("a-2", "global"): "global"}


def test_only_billable_calls_of_the_days_are_resolved():
    calls = [call(), call(model_id="a-2", disposition="duplicate")]
    assert [row["model_id"] for row in matches(calls=calls)] == ["a-1"]


ALIASES = (
    alias("acme.cloud", "", effective_from=FEBRUARY),
    alias("acme.cloud", "a-[12]", target_model="a-2", effective_to=MARCH),
    alias("rented", "", effective_to=MARCH),
    alias("rented", "best", target_model="a-1", effective_from=FEBRUARY),
    alias("acme", "best(-now)?", target_model="a-2"),
)
INSTANTS = [datetime(2026, month, day, tzinfo=UTC) for month in (1, 2, 3) for day in (1, 2, 28)]


@pytest.mark.parametrize("provider", ["acme", "acme.cloud", "rented", "nobody"])
@pytest.mark.parametrize("model_id", ["a-1", "a-2", "r-1", "best", "best-now", "worst"])
def test_the_models_resolve_as_the_resolver_of_the_seeds(provider, model_id):
    catalogue = parse(seed_files(seed_texts(*PRICES, aliases=ALIASES))).require()
    priced = {(row.provider, row.model) for row in catalogue.prices}
    rows = matches(*ALIASES, calls=[call(provider, model_id)])
    for instant in INSTANTS:
        [row] = [row for row in rows if row["valid_from"] <= instant.replace(tzinfo=None) < row["valid_to"]]
        expected = resolve(provider, model_id, instant, priced, catalogue.aliases)
        assert (row["price_provider"], row["price_model"]) == (expected or (None, None))
