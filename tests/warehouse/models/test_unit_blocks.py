"""What is written once for the unit `input` is said for every common unit."""

from pathlib import Path

import pytest

from spanledger_warehouse.models import discover
from spanledger_warehouse.unit_blocks import (
    COMMON_UNITS,
    METERED_UNITS,
    TOKEN_UNITS,
    repeat_blocks,
    repeat_columns,
)

SEEDS = Path(__file__).resolve().parents[3] / "pricing_seeds"


@pytest.mark.parametrize(
    ("mark", "units"),
    [("each unit", COMMON_UNITS), ("each metered unit", METERED_UNITS), ("each token unit", TOKEN_UNITS)],
)
def test_a_block_is_repeated_with_the_name_of_each_unit(mark, units):
    said = repeat_blocks(
        f"select /* {mark} */ input_price, 'input', input_tokens_of, /* end unit */ input_tokens"
    )
    assert said.split() == [
        "select",
        *(word for unit in units for word in (f"{unit}_price,", f"'{unit}',", f"{unit}_tokens_of,")),
        "input_tokens",
    ]


def test_columns_are_documented_for_each_unit():
    docs = repeat_columns({"{unit}_price": "price of {unit}", "day": "day"})
    assert len(docs) == len(COMMON_UNITS) + 1
    assert (docs["cache_read_price"], docs["day"]) == ("price of cache_read", "day")


def test_the_common_units_are_the_first_of_the_registry():
    lines = (SEEDS / "units.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[0] for line in lines[: len(COMMON_UNITS)]] == list(COMMON_UNITS)
    tokens = [line.split(",")[0] for line in lines if line.split(",")[3] in ("input", "output")]
    assert set(TOKEN_UNITS) <= set(tokens)


def test_no_mark_is_left_in_a_model():
    assert [
        name for name, model in discover().items() if "each " in model.sql and "unit */" in model.sql
    ] == []
