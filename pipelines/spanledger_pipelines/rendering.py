"""How results look on a terminal and in pipes: tables, money, progress, JSON and CSV.

Colour and progress appear on terminals only. Money stays Decimal and is shown with every digit that it needs.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

# Without a terminal nothing is wrapped or cut: whoever reads a pipe wants whole lines.
WIDTH_OF_PIPES = 400
MONEY_PLACES = 2
# A terminal with fewer columns gets the columns that matter most, closer together.
WIDE = 110
# On a narrow terminal these do not fold, nor do numbers: whoever copies an id wants all of it.
NEVER_FOLDED = ("call_id", "day", "operation", "provider", "tenant_id")
# On a terminal the columns of the marts go by shorter names.
HEADINGS = {
    "avg_cost_usd": "avg USD",
    "avg_duration_ms": "avg ms",
    "avg_input_tokens": "avg input",
    "avg_output_tokens": "avg output",
    "billed_at": "billed at",
    "call_id": "call",
    "contracted_cost_usd": "cost USD",
    "cost_status": "status",
    "coverage_pct": "cover",
    "error_type": "error",
    "failed_calls": "failed",
    "incomplete_calls": "unknown",
    "tenant_id": "tenant",
    "total_tokens": "tokens",
}


# Where a long command reports its progress: how many steps are done, of how many.
Step = Callable[[int, int], None]


def console(*, stderr: bool = False) -> Console:
    """A console that is as wide as it needs to be when nobody looks at it."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_PIPES
    return Console(file=stream, width=width, soft_wrap=False, highlight=False)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    totals: Collection[str] = (),
    narrow: bool = False,
) -> Table:
    """A table with numbers to the right and decimal points in line.

    Args:
        columns: names of the columns.
        rows: the cells, in the order of the columns.
        title: what stands above the table.
        totals: columns whose exact sum stands below; with any, rows are set apart by their first column.
        narrow: little space: columns stand closer.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    space = (0, 0 if narrow else 1, 0, 0)
    rendered = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=space
    )
    cells: list[Sequence[object]] = [*rows, *([_total(columns, rows, totals)] if totals and rows else [])]
    values = [[row[place] for row in cells] for place in range(len(columns))]
    for name, column in zip(columns, values, strict=True):
        # On a narrow terminal words may fold, digits may not.
        is_number = any(map(_is_number, column))
        justify: JustifyMethod = "right" if is_number else "left"
        rendered.add_column(
            HEADINGS.get(name, name),
            justify=justify,
            no_wrap=is_number or name in NEVER_FOLDED,
            overflow="fold",
        )
    texts = [column_texts(name, column) for name, column in zip(columns, values, strict=True)]
    for place, row in enumerate(zip(*texts, strict=True)):
        ends_section = bool(totals) and place + 1 < len(cells) and cells[place][0] != cells[place + 1][0]
        is_total = bool(totals) and place == len(rows)
        # As Text, so that a bracket in somebody's model name is a bracket and not markup.
        rendered.add_row(*map(Text, row), end_section=ends_section, style="bold" if is_total else None)
    return rendered


def column_texts(name: str, values: Sequence[object]) -> list[str]:
    """The cells of one column as text: money with the digits that its longest value needs."""
    if not any(isinstance(value, Decimal) for value in values):
        return [_text(value) for value in values]
    places = 0 if name.endswith("_pct") else MONEY_PLACES
    places = max(places, *(_places(value) for value in values if isinstance(value, Decimal)))
    return [f"{value:,.{places}f}" if isinstance(value, Decimal) else _text(value) for value in values]


def money(value: Decimal) -> str:
    """One amount with at least two and otherwise all needed decimals."""
    return f"{value:,.{max(MONEY_PLACES, _places(value))}f}"


def printable(text: str) -> str:
    """The text without characters that steer a terminal; names in spans are written by strangers."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def to_json(value: object) -> str:
    """JSON in which decimals are strings, so that no reader makes floats of them."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)


def to_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """CSV with a header; decimals are written in full and without exponent."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if value is None else _plain_text(value) for value in row] for row in rows])
    return text.getvalue()


@contextmanager
def progress(label: str) -> Iterator[Step]:
    """A progress bar on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        yield _nobody_looks
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield step


def _total(columns: Sequence[str], rows: Sequence[Sequence[object]], totals: Collection[str]) -> list[object]:
    sums: list[object] = []
    for place, name in enumerate(columns):
        known = [value for row in rows if isinstance(value := row[place], int | Decimal)]
        sums.append(sum(known[1:], start=known[0]) if name in totals and known else "")
    sums[0] = "total"
    return sums


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _nobody_looks(_done: int, _total: int) -> None:
    """Progress without a terminal."""


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _text(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return printable(str(value))


def _plain(value: object) -> Any:
    if isinstance(value, Decimal | date | datetime):
        return _plain_text(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _plain_text(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case date() | datetime():
            return value.isoformat()
        case _:
            return str(value)
