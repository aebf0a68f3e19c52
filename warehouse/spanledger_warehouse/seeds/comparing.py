"""What differs between two states of the seeds, for a person who reviews it: old price, new price, from when, why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue, parse
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import try_git
from spanledger_warehouse.seeds.provenance import AuditRecord, audit, effective_instant
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import SeedFiles, default_ref, read_seeds, resolve_commit

_PERCENT = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Change:
    """One new row of the price files."""

    record: AuditRecord

    @property
    def percent(self) -> Decimal | None:
        """By how much the price moves; None where there is no price before or after, or it was free."""
        old, new = self.record.old_price, self.record.new_price
        if not old or new is None:
            return None
        return ((new - old) * 100 / old).quantize(_PERCENT, ROUND_HALF_EVEN)

    @property
    def moves(self) -> str:
        """`2.50 → 2.25`, in the words of the audit trail."""
        return self.record.summary.rpartition(": ")[2]

    @property
    def effective(self) -> str:
        """The instant at which it counts; a bare day where that is its start."""
        return canonical_instant(effective_instant(self.record.row)).removesuffix("T00:00:00Z")


@dataclass(frozen=True, slots=True)
class OtherFile:
    """Lines of another seed file that came and went."""

    file: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that differs. `removed` must be empty: prices are only ever added."""

    base: Catalogue
    head: Catalogue
    changes: tuple[Change, ...]
    removed: tuple[PriceRow, ...]
    others: tuple[OtherFile, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.changes or self.removed or self.others)


def states(folder: Path, base: str | None, head: str | None) -> tuple[SeedFiles, SeedFiles]:
    """The seeds where the change began, and with the change.

    Args:
        folder: the seeds in a git work tree.
        base: the branch or commit to be changed; None is the default branch. What counts is where `head` left it.
        head: the branch or commit with the change; None is the folder as it is.

    Raises:
        SeedError: a ref is unknown, or the two have no common commit.
    """
    changed = read_seeds(folder, head) if head else read_seeds(folder, allow_uncommitted=True)
    if changed.repository is None:
        raise SeedError(f"{folder} is in no git repository, so there is nothing to compare with")
    repository = changed.repository
    if not head and try_git(repository, "status", "--porcelain", "--", changed.prefix or ".") == "":
        changed = read_seeds(folder, "HEAD")  # nothing is uncommitted: name the commit
    base_commit = resolve_commit(repository, base or default_ref(repository))
    head_commit = changed.commit.partition("+")[0]
    fork = try_git(repository, "merge-base", base_commit, head_commit)
    if not fork:
        raise SeedError(f"{base} and {head_commit[:12]} have no common commit; fetch the whole history")
    return read_seeds(folder, fork), changed


def compare(base: SeedFiles, head: SeedFiles) -> Comparison:
    """Compare two states; rows that cannot be read are left out (`prices check` says which)."""
    before, after = parse(base), parse(head)
    old = {row.price_id for row in before.prices}
    new = {row.price_id for row in after.prices}
    records = [record for record in audit(after) if record.price_id not in old]
    order = {row.price_id: (row.file, row.line) for row in after.prices}
    return Comparison(
        base=before,
        head=after,
        changes=tuple(
            Change(record) for record in sorted(records, key=lambda record: order[record.price_id])
        ),
        removed=tuple(row for row in before.prices if row.price_id not in new),
        others=tuple(_others(base, head)),
    )


def cells(change: Change) -> tuple[str, ...]:
    """Provider, price, old → new, percent, effective and evidence, as text."""
    row = change.record.row
    subject = row.in_words().removeprefix(f"{row.provider} ")
    percent = change.percent
    moved = "" if percent is None else f"{percent:+f} %"
    per = "" if row.per == 1_000_000 else f" per {row.per}"
    return (
        row.provider,
        subject,
        f"{change.moves} {row.currency}{per}",
        moved,
        change.effective,
        row.change_kind,
        f"{row.evidence_url} ({row.evidence_date}, {row.basis})",
    )


HEADINGS = ("provider", "price", "old → new", "%", "effective", "kind", "evidence")


def markdown(comparison: Comparison) -> str:
    """The comparison as a Markdown table for a pull request."""
    lines = []
    if comparison.changes:
        lines += [f"| {' | '.join(HEADINGS)} |", "|---|---|---|---:|---|---|---|"]
        lines += [
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells(change))} |"
            for change in comparison.changes
        ]
    else:
        lines.append("No price changes.")
    if comparison.removed:
        lines += ["", "**Removed or changed rows (refused by `prices check`):**", ""]
        lines += [
            f"- `{row.place}`: {row.in_words()} {canonical_decimal(row.price)}" for row in comparison.removed
        ]
    for other in comparison.others:
        lines += ["", f"`{other.file}`:", "", "```diff"]
        lines += [f"-{text}" for text in other.removed] + [f"+{text}" for text in other.added] + ["```"]
    return "\n".join(lines) + "\n"


def _others(base: SeedFiles, head: SeedFiles) -> Iterator[OtherFile]:
    for file in sorted({*base.files, *head.files}):
        is_price = "prices/" in file and file.endswith(".csv")
        if is_price or base.files.get(file) == head.files.get(file):
            continue
        old, new = (Counter(_lines(source, file)) for source in (base, head))
        yield OtherFile(file, tuple((new - old).elements()), tuple((old - new).elements()))


def _lines(source: SeedFiles, file: str) -> list[str]:
    return source.files.get(file, b"").decode("utf-8", errors="replace").splitlines()
