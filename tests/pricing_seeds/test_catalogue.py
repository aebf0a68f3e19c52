"""What the files say, typed; which prices are in force, and from when to when."""

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from spanledger_warehouse.seeds import SeedError, parse, resolve

MICROSECOND = timedelta(microseconds=1)
CHANGE = datetime(2025, 6, 10, tzinfo=UTC)


def price_at(catalogue, instant):
    """The one price in force, or None."""
    holding = [period.row.price for period in catalogue.price_periods() if period.holds_at(instant)]
    assert len(holding) <= 1
    return holding[0] if holding else None


def test_a_row_is_typed_and_knows_its_place(repository, line):
    repository.write_sound(line(effective_from="2025-01-01T01:00:00+01:00", price="0.075", note="why not"))
    row = parse(repository.read_as_is()).require().prices[0]

    assert (row.context, row.region, row.window, row.tier_above) == ("standard", "global", "", 0)
    assert row.effective_from == datetime(2025, 1, 1, tzinfo=UTC)
    assert (row.price, row.per, row.unit_price) == (Decimal("0.075"), 1_000_000, Decimal("0.000000075"))
    assert row.place == "prices/acme.csv:2"
    assert row.note == "why not"
    with pytest.raises(FrozenInstanceError):
        row.price = Decimal(0)


def test_the_smallest_price_keeps_all_its_digits(repository, line):
    repository.write_sound(line(price="0.0000000001"))
    row = parse(repository.read_as_is()).require().prices[0]
    assert row.unit_price == Decimal("0.0000000000000001")


def test_a_price_change_applies_from_its_first_instant(repository, line):
    new = line(price="2.00", effective_from="2025-06-10T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), new)
    catalogue = parse(repository.read_as_is()).require()

    assert price_at(catalogue, CHANGE - MICROSECOND) == 3
    assert price_at(catalogue, CHANGE) == 2
    assert price_at(catalogue, CHANGE + MICROSECOND) == 2
    assert price_at(catalogue, datetime(2025, 1, 1, tzinfo=UTC) - MICROSECOND) is None


def test_an_ended_price_holds_up_to_its_last_instant_and_leaves_a_gap(repository, line):
    repository.write_sound(line())
    old = parse(repository.read_as_is()).prices[0]
    end = line(effective_to="2025-06-10T00:00:00Z", change_kind="end", supersedes=old.price_id)
    later = line(effective_from="2025-07-01T00:00:00Z", price="1.00", change_kind="price_change")
    repository.write_sound(line(), end, later)
    catalogue = parse(repository.read_as_is()).require()

    assert price_at(catalogue, CHANGE - MICROSECOND) == 3
    assert price_at(catalogue, CHANGE) is None
    assert price_at(catalogue, datetime(2025, 7, 1, tzinfo=UTC) - MICROSECOND) is None
    assert price_at(catalogue, datetime(2025, 7, 1, tzinfo=UTC)) == 1


def test_a_corrected_price_is_out_of_force_at_every_instant(repository, line):
    repository.write_sound(line(price="30.00"))
    wrong = parse(repository.read_as_is()).prices[0]
    right = line(change_kind="correction", supersedes=wrong.price_id, note="decimal slip")
    repository.write_sound(line(price="30.00"), right)
    catalogue = parse(repository.read_as_is()).require()

    assert [row.price for row in catalogue.prices] == [30, 3]
    assert [row.price for row in catalogue.in_force] == [3]


def test_a_correction_can_move_the_instant(repository, line):
    repository.write_sound(line())
    wrong = parse(repository.read_as_is()).prices[0]
    right = line(effective_from="2025-06-10T00:00:00Z", change_kind="correction", supersedes=wrong.price_id)
    repository.write_sound(line(), right)
    catalogue = parse(repository.read_as_is()).require()

    assert price_at(catalogue, CHANGE - MICROSECOND) is None
    assert price_at(catalogue, CHANGE) == 3


def test_a_withdrawn_announcement_never_takes_effect(repository, line):
    announced = line(price="5.00", effective_from="2025-06-10T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), announced)
    row = parse(repository.read_as_is()).prices[1]
    withdrawal = line(
        price="5.00",
        effective_from="2025-06-10T00:00:00Z",
        change_kind="withdrawal",
        supersedes=row.price_id,
    )
    repository.write_sound(line(), announced, withdrawal)
    catalogue = parse(repository.read_as_is()).require()

    assert price_at(catalogue, CHANGE + timedelta(days=1)) == 3


def test_a_free_price_is_a_price(repository, line):
    repository.write_sound(line(price="0"))
    assert parse(repository.read_as_is()).require().prices[0].is_free


def test_errors_stop_with_every_place_and_fix(repository, line):
    repository.write_sound(line(price="1e3"), line(unit="outptu"))
    with pytest.raises(SeedError) as caught:
        parse(repository.read_as_is()).require()
    words = str(caught.value)
    assert "2 errors; nothing was priced" in words
    assert "prices/acme.csv:2: error: price: '1e3' is not a plain decimal" in words
    assert "prices/acme.csv:3: error: unknown unit 'outptu'" in words
    assert words.count("Fix: ") == 2


def test_names_resolve_exactly_then_by_alias_then_under_the_other_name(repository, line, alias_header):
    repository.write_sound(line(), line(model="a-1-2024-05-13", price="5.00"))
    rows = (
        r"acme,a-1-\d{4}-\d{2}-\d{2},acme,a-1,,,https://acme.example/models,",
        "acme,a-latest,acme,a-1-2024-05-13,,2025-06-10T00:00:00Z,https://acme.example/models,",
        "acme,a-latest,acme,a-1,2025-06-10T00:00:00Z,,https://acme.example/models,",
        "cloud.acme,,acme,,,,https://acme.example/models,",
    )
    repository.write("model_aliases.csv", alias_header, *(f"{row}\n" for row in rows))
    catalogue = parse(repository.read_as_is()).require()
    priced = {(row.provider, row.model) for row in catalogue.prices}

    def resolved(provider, model, at=CHANGE):
        found = resolve(provider, model, at, priced, catalogue.aliases)
        return found[1] if found else None

    assert resolved("acme", "a-1-2024-05-13") == "a-1-2024-05-13"
    assert resolved("acme", "a-1-2025-02-03") == "a-1"
    assert resolved("cloud.acme", "a-1-2025-02-03") == "a-1"
    assert resolved("acme", "a-latest", CHANGE - MICROSECOND) == "a-1-2024-05-13"
    assert resolved("acme", "a-latest", CHANGE) == "a-1"
    assert resolved("acme", "a-latest", CHANGE + MICROSECOND) == "a-1"
    assert resolved("acme", "A-1") is None
    assert resolved("acme", "a-1-2025-02-03-mini") is None
    assert resolved("elsewhere", "a-1") is None
