"""More lines in a price file: where each belongs, and how it is spelled. No other byte of the file changes."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.tables import columns_of, read_table

HEADER = tuple(columns_of(PriceRow))


def spell(cells: Mapping[str, str], header: Sequence[str] = HEADER) -> str:
    """A line of the file, without its line end; quoted only where a cell needs it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([cells.get(column, "") for column in header])
    return text.getvalue()


def insert(
    file: str, content: bytes | None, added: Sequence[Mapping[str, str]], units: Sequence[str]
) -> bytes:
    """The file with more lines, each at the place that keeps its order.

    Args:
        file: path of the file among the seeds.
        content: what is in it; None makes a new file.
        added: the new lines, by column.
        units: the units in the order of the registry.
    """
    if content is None:
        content = f"{spell(dict(zip(HEADER, HEADER, strict=True)))}\n".encode()
    lines = content.decode("utf-8").split("\n")
    header = next(csv.reader([lines[0]]))
    rows = read_table(file, content, PriceRow, [])
    for cells in added:
        after = place(rows, cells, units)
        line = spell(cells, header)
        if lines[-1] and after == len(lines):  # the last line lacks its line end, and now needs one
            lines.append("")
        lines.insert(after, line)
        rows = [replace(row, line=row.line + 1) if row.line > after else row for row in rows]
        new = read_table(file, f"{lines[0]}\n{line}\n".encode(), PriceRow, [])
        rows += [replace(row, line=after + 1) for row in new]
    return "\n".join(lines).encode()


def place(rows: Sequence[PriceRow], cells: Mapping[str, str], units: Sequence[str]) -> int:
    """The number of the line (from 1) that the new one follows.

    It stands behind the rows it is nearest to: its own series, else its context and tier in the order of the units,
    else its context, else its model; a new model stands in alphabetical order.
    """
    model = [row for row in rows if row.model == cells["model"]]
    if not model:
        return max((row.line for row in rows if row.model < cells["model"]), default=1)
    offer = (cells["context"], cells["region"], cells["window"], cells["tier_above"])
    rank = {unit: number for number, unit in enumerate(units)}
    mine = rank.get(cells["unit"], len(rank))

    def series(row: PriceRow) -> bool:
        return row.unit == cells["unit"] and offer_of(row) == offer

    def earlier_unit(row: PriceRow) -> bool:
        return offer_of(row) == offer and rank.get(row.unit, len(rank)) <= mine

    nearest: Sequence[Callable[[PriceRow], bool]] = (
        series,
        earlier_unit,
        lambda row: offer_of(row)[:3] == offer[:3] and row.tier_above <= int(offer[3] or 0),
        lambda row: offer_of(row)[:2] == offer[:2],
        lambda row: row.context == offer[0],
    )
    same_offer = [row.line for row in model if offer_of(row) == offer]
    for number, near in enumerate(nearest):
        found = [row.line for row in model if near(row)]
        if found:
            return max(found)
        if number == 1 and same_offer:  # the first unit of its kind
            return min(same_offer) - 1
    return max(row.line for row in model)


def offer_of(row: PriceRow) -> tuple[str, str, str, str]:
    """Context, region, window and tier as cells."""
    return (row.context, row.region, row.window, str(row.tier_above))
