"""How an answer is written: JSON for programs, CSV for sheets. Decimals are written in full, never as floats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from spanledger_warehouse.serve.problems import NotAcceptable

JSON = "application/json"
CSV = "text/csv"
# A spreadsheet takes a cell that begins with one of these for a formula, full-width forms included.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - they are meant


def to_json(value: object) -> bytes:
    """Compact JSON; decimals are strings, instants end in Z."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV with a header. Text that a spreadsheet would take for a formula gets an apostrophe; numbers stay."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def negotiated(accept: str | None, offered: Sequence[str]) -> str:
    """The first of the offered media types among those that the caller likes best.

    Raises:
        NotAcceptable: it takes none of them.
    """
    if not accept or not accept.strip():
        return offered[0]
    wishes = [_wish(part) for part in accept.split(",")]
    best = max(offered, key=lambda media: _liking(media, wishes))
    if _liking(best, wishes) <= 0:
        raise NotAcceptable(f"the header Accept takes none of: {', '.join(offered)}")
    return best


def _wish(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media, max(0.0, min(1.0, float(value)))
            except ValueError:
                return media, 0.0
    return media, 1.0


def _liking(media: str, wishes: Sequence[tuple[str, float]]) -> float:
    """The weight of the most exact wish that names this type."""
    for wanted in (media, media.partition("/")[0] + "/*", "*/*"):
        weights = [weight for name, weight in wishes if name == wanted]
        if weights:
            return max(weights)
    return 0.0


def _plain(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return f"{value.replace(tzinfo=UTC).isoformat().removesuffix('+00:00')}Z"
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no form in an answer")


def _cell(value: object) -> object:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case int():
            return value
        case _:
            return _plain(value)
