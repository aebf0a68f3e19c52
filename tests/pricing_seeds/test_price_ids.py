"""A price's identity is what the row says: golden ids, and no difference for another spelling."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_warehouse.seeds.canonical import (
    canonical_decimal,
    canonical_instant,
    canonical_row,
    price_id,
)
from spanledger_warehouse.seeds.cells import read_decimal, read_instant

ROW = {
    "provider": "acme",
    "model": "a-1",
    "unit": "input",
    "effective_from": datetime(2025, 1, 1, tzinfo=UTC),
    "price": Decimal("3.00"),
    "per": 1000000,
    "currency": "USD",
    "change_kind": "launch",
    "evidence_url": "https://acme.example/pricing",
    "evidence_date": datetime(2025, 1, 1, tzinfo=UTC).date(),
    "basis": "documented",
}


def test_the_canonical_row_has_no_blanks_no_defaults_and_no_note():
    spelled_out = {
        **ROW,
        "context": "standard",
        "region": "global",
        "tier_above": 0,
        "note": "x",
        "window": "",
    }
    assert canonical_row(spelled_out) == (
        "provider=acme\nmodel=a-1\nunit=input\neffective_from=2025-01-01T00:00:00Z\nprice=3\nper=1000000\n"
        "currency=USD\nchange_kind=launch\nevidence_url=https://acme.example/pricing\n"
        "evidence_date=2025-01-01\nbasis=documented"
    )


# These ids are in published ledgers: whatever changes here breaks every link from a cost to its price.
@pytest.mark.parametrize(
    ("cells", "golden"),
    [
        ({}, "p1-7fc10a10f07d81c113b3"),
        ({"context": "batch", "tier_above": 200000}, "p1-e55a72945d79808b43fe"),
        ({"effective_from": datetime(2025, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)}, "p1-2783cbaf328c1a87008d"),
        ({"price": Decimal("0.00"), "region": "eu"}, "p1-5782cc6299b8db9e684c"),
        (
            {"change_kind": "end", "effective_to": datetime(2026, 1, 1, tzinfo=UTC), "supersedes": "p1-1"},
            "p1-2968730eb90593f4a39d",
        ),
    ],
)
def test_golden_price_ids(cells, golden):
    assert price_id({**ROW, **cells}) == golden


def test_every_column_but_the_note_counts():
    base = price_id(ROW)
    assert price_id({**ROW, "note": "another"}) == base
    for column, value in {"unit": "output", "price": Decimal(4), "basis": "contract", "region": "eu"}.items():
        assert price_id({**ROW, column: value}) != base


PRICES = st.decimals(min_value=0, max_value=10**6, places=10, allow_nan=False, allow_infinity=False)


@given(price=PRICES, zeros=st.integers(0, 3))
def test_a_price_is_the_same_with_any_number_of_trailing_zeros(price, zeros):
    short = canonical_decimal(price)
    padded = short + ("." if zeros and "." not in short else "") + "0" * zeros
    if len(padded.partition(".")[2]) <= 10:
        assert canonical_decimal(read_decimal(padded)) == short
    assert "E" not in short.upper()
    assert Decimal(short) == price


@given(
    instant=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - the zone comes next
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_the_same_in_any_zone(instant, minutes):
    utc = instant.replace(tzinfo=UTC)
    local = utc.astimezone(timezone(timedelta(minutes=minutes)))
    assert read_instant(local.isoformat()) == utc
    assert canonical_instant(local) == canonical_instant(utc)
    assert read_instant(canonical_instant(utc)) == utc


@pytest.mark.parametrize(
    "cell", ["3e0", "-1", "+1", "1_000", ".5", "5.", "NaN", "Infinity", "0x1", "1,5", "٣"]
)
def test_a_price_is_written_plainly(cell):
    with pytest.raises(ValueError, match="not a plain decimal"):
        read_decimal(cell)


@pytest.mark.parametrize(
    "cell", ["2025-01-01", "2025-01-01T00:00:00", "2025-01-01 00:00:00Z", "2025-1-1T00:00:00Z"]
)
def test_an_instant_without_its_zone_is_refused(cell):
    with pytest.raises(ValueError, match="instant with a zone"):
        read_instant(cell)
