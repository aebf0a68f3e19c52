"""An impact in words: for a terminal, for a pull request, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from spanledger_warehouse.impact.assessing import PAST, PROJECTED, Impact, Moved

COLUMNS = ("calls", "before USD", "after USD", "moved USD", "newly priced", "no longer priced")
SHOWN = 15
_CENT = Decimal("0.01")
_BY: tuple[tuple[str, Callable[[Moved], str]], ...] = (
    ("model", lambda row: f"{row.provider} {row.model}"),
    ("tenant", lambda row: row.tenant_id),
    ("operation", lambda row: row.operation),
    ("day", lambda row: row.day.isoformat()),
)


@dataclass(frozen=True, slots=True)
class Line:
    """What moves for one model, tenant, operation or day."""

    name: str
    calls: int
    before_usd: Decimal
    after_usd: Decimal
    newly_priced: int
    no_longer_priced: int

    @property
    def moved_usd(self) -> Decimal:
        """After less before."""
        return self.after_usd - self.before_usd


def group(rows: Sequence[Moved], key: Callable[[Moved], str]) -> list[Line]:
    """Exact sums by name, the largest movement first."""
    groups: dict[str, list[Moved]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    lines = [
        Line(
            name,
            sum(row.calls for row in found),
            sum((row.before_usd for row in found), Decimal(0)),
            sum((row.after_usd for row in found), Decimal(0)),
            sum(row.newly_priced for row in found),
            sum(row.no_longer_priced for row in found),
        )
        for name, found in groups.items()
    ]
    return sorted(lines, key=lambda line: (-abs(line.moved_usd), line.name))


def headlines(impact: Impact) -> Iterator[str]:
    """What a reviewer must know, in a few sentences."""
    between = f"{impact.base_commit[:12]} → {_short(impact.head_commit)}"
    if impact.first_day is None:
        yield f"{between}: there is no usage to apply the change to"
        return
    yield f"{between}, on the usage of {impact.first_day} to {impact.last_day}"
    for kind, what in ((PAST, "past"), (PROJECTED, "projected")):
        rows = impact.of(kind)
        if not rows:
            yield f"{what}: nothing moves"
            continue
        calls = sum(row.calls for row in rows)
        first, last = min(row.day for row in rows), max(row.day for row in rows)
        yield f"{what}: {_signed(impact.total(kind))} USD on {calls:,} calls, {first} to {last}"
    newly, no_longer = (
        sum(getattr(row, name) for row in impact.of(PAST)) for name in ("newly_priced", "no_longer_priced")
    )
    if newly:
        yield f"{newly:,} past calls that had no price get one; their cost was unknown and not zero"
    if no_longer:
        yield f"WARNING: {no_longer:,} past calls lose their price and become unpriced"
    for month in impact.closed_months:
        yield f"WARNING: {month} is closed; what moves in it becomes Correction lines, not a new total"
    if impact.touches_everything:
        yield f"every call was priced again, because {', '.join(impact.touches_everything)} differ"


def sections(impact: Impact, shown: int = SHOWN) -> Iterator[tuple[str, list[Line]]]:
    """Tables to show: `past by model` … with the largest movements; the sum of the others is their last line."""
    for kind in (PAST, PROJECTED):
        rows = impact.of(kind)
        for name, key in _BY:
            lines = group(rows, key)
            if name != "model" and len(lines) == 1 and lines[0].name == "all":
                continue  # a fingerprint has no tenants and no operations
            if len(lines) > shown:
                rest = lines[shown - 1 :]
                lines = [*lines[: shown - 1], _sum(f"({len(rest)} others)", rest)]
            if name == "day":
                lines.sort(key=lambda line: (line.name.startswith("("), line.name))
            if lines:
                yield f"{kind} by {name}", lines


def cells(line: Line) -> tuple[str, ...]:
    """A line as text, in the order of the columns, its name first."""
    return (
        line.name,
        f"{line.calls:,}",
        _money(line.before_usd),
        _money(line.after_usd),
        _signed(line.moved_usd),
        f"{line.newly_priced:,}" if line.newly_priced else "",
        f"{line.no_longer_priced:,}" if line.no_longer_priced else "",
    )


def as_markdown(impact: Impact) -> str:
    """The impact for a pull request; days are folded away."""
    lines = ["### What this price change moves", ""]
    lines += [f"- {_plain(line)}" for line in headlines(impact)]
    for title, rows in sections(impact):
        head = [f"| {title.split()[-1]} | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * len(COLUMNS)]
        table = [*head, *(f"| {' | '.join(map(_plain, cells(row)))} |" for row in rows)]
        if title.endswith("day"):
            lines += ["", f"<details><summary>{title}</summary>", "", *table, "", "</details>"]
        else:
            lines += ["", f"**{title}**", "", *table]
    return "\n".join(lines) + "\n"


def as_object(impact: Impact) -> dict[str, object]:
    """The impact for programs, to the last digit and by every key."""
    return {
        "base": impact.base_commit,
        "head": impact.head_commit,
        "first_day": impact.first_day,
        "last_day": impact.last_day,
        "touched_calls": impact.touched_calls,
        "past_usd": f"{impact.total(PAST):f}",
        "projected_usd": f"{impact.total(PROJECTED):f}",
        "closed_months": list(impact.closed_months),
        "priced_all_because_of": list(impact.touches_everything),
        "moved": [
            {
                name: f"{value:f}" if isinstance(value, Decimal) else value
                for name, value in asdict(row).items()
            }
            | {"moved_usd": f"{row.moved_usd:f}"}
            for row in impact.moved
        ],
    }


def _sum(name: str, lines: Sequence[Line]) -> Line:
    return Line(
        name,
        sum(line.calls for line in lines),
        sum((line.before_usd for line in lines), Decimal(0)),
        sum((line.after_usd for line in lines), Decimal(0)),
        sum(line.newly_priced for line in lines),
        sum(line.no_longer_priced for line in lines),
    )


def _short(commit: str) -> str:
    base, _, mark = commit.partition("+")
    return f"{base[:12]} with changes not committed" if mark else base[:12]


def _money(amount: Decimal) -> str:
    """To the cent; below one, to the first digits that are there."""
    if amount == 0 or abs(amount) >= _CENT:
        return f"{amount.quantize(_CENT, ROUND_HALF_EVEN):,}"
    return f"{amount.normalize():f}"


def _signed(amount: Decimal) -> str:
    return f"+{_money(amount)}" if amount > 0 else _money(amount)


def _plain(text: str) -> str:
    """Names come from strangers: no table, link or markup of theirs."""
    return "".join(f"\\{letter}" if letter in "\\|`*_[]<>" else letter for letter in text)
