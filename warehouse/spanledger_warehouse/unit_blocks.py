"""What a SQL model says once for the unit `input`, said for every common unit.

    coalesce(sum_of_others, 0)
    /* each unit */
    + coalesce(input_quantity * input_price, 0)
    /* end unit */

The text between the marks is repeated with the name of every common unit in the place of `input`. `each metered unit`
leaves out the optional `request`, `each token unit` all that is not counted in tokens. So a model's file is valid SQL
as it stands, of a ledger with one unit.
"""

import re
from collections.abc import Mapping

# The units of `units.csv` that have a column of their own; the others stand in a map.
COMMON_UNITS = (
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
)
METERED_UNITS = tuple(unit for unit in COMMON_UNITS if unit != "request")
TOKEN_UNITS = tuple(unit for unit in METERED_UNITS if unit != "web_search")
_SETS = {"": COMMON_UNITS, "metered ": METERED_UNITS, "token ": TOKEN_UNITS}
_BLOCK = re.compile(
    r"[ \t]*/\* each (?P<which>metered |token |)unit \*/\n?(?P<text>.*?)[ \t]*/\* end unit \*/", re.DOTALL
)
_NAME = re.compile(r"\binput(?=_|')")


def repeat_blocks(sql: str) -> str:
    """The statement with every marked block once for each unit."""

    def repeat(block: re.Match[str]) -> str:
        return "".join(_NAME.sub(unit, block["text"]) for unit in _SETS[block["which"]])

    return _BLOCK.sub(repeat, sql)


def repeat_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """The documentation of columns, a column named `{unit}_…` once for each unit."""
    return {
        name.replace("{unit}", unit): text.replace("{unit}", unit)
        for name, text in columns.items()
        for unit in (COMMON_UNITS if "{unit}" in name else ("",))
    }
