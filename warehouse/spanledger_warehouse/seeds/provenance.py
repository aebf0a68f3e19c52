"""Who set each price, when, why and with whose approval: a fold over the history of the price files."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.history import (
    Commit,
    Person,
    branch_commits,
    first_parents,
    require_full_history,
)
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import COMMITTED, SeedFiles
from spanledger_warehouse.seeds.tables import columns_of, read_table
from spanledger_warehouse.seeds.vendor import own_name

NONE = "none"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a price comes from. What nobody recorded is None; approval and reason say `none` instead."""

    price_id: str
    file: str
    line: int  # in the seeds that were read
    commit: str | None  # on the first-parent line: from here on the price counts
    author: str | None
    authored_at: datetime | None
    committer: str | None
    committed_at: datetime | None
    reason: str = NONE
    approver: str = NONE


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change of one price, in the words of the people who will ask."""

    price_id: str
    action: str  # create, change, correct, end
    row: PriceRow
    old_price: Decimal | None
    new_price: Decimal | None
    summary: str
    provenance: Provenance
    tenant: str = ""  # whose agreement it is; blank: a price or agreement for everybody

    @property
    def evidence_date(self) -> date | None:
        """When the evidence was read; None for an agreement, which has a reference and no page."""
        return None if self.row.evidence_date == date.min else self.row.evidence_date

    @property
    def title(self) -> str:
        """The summary, with the provider that it is about."""
        is_price = self.price_id.startswith("p")
        return f"{self.row.provider} {self.summary}" if is_price else self.summary


def effective_instant(row: PriceRow) -> datetime:
    """The instant at which a row changes what is paid: its end where it ends a price, else its start."""
    return row.effective_to if row.change_kind == "end" and row.effective_to else row.effective_from


def provenance(catalogue: Catalogue) -> dict[str, Provenance]:
    """The provenance of every price, by price_id.

    Raises:
        SeedError: the clone is shallow.
    """
    source, rows = catalogue.source, catalogue.prices
    origins = _origins(source, source.repository) if source.repository is not None else {}
    found = {}
    for row in rows:
        origin = origins.get(row.price_id)
        if origin is None:
            known = source.commit if source.state != COMMITTED else None
            found[row.price_id] = Provenance(row.price_id, row.file, row.line, known, None, None, None, None)
            continue
        commit, author, authored_at = origin
        found[row.price_id] = Provenance(
            price_id=row.price_id,
            file=row.file,
            line=row.line,
            commit=commit.commit,
            author=str(author),
            authored_at=authored_at,
            committer=str(commit.committer),
            committed_at=commit.committed_at,
            reason="; ".join(commit.trailers("Reason")) or NONE,
            approver=approver(commit, author),
        )
    return found


def audit(catalogue: Catalogue, origins: Mapping[str, Provenance] | None = None) -> list[AuditRecord]:
    """One record for every price ever set, oldest first; what was ended or corrected stays in.

    Args:
        catalogue: the seeds.
        origins: their provenance, where the caller has it already.

    Raises:
        SeedError: the clone is shallow.
    """
    rows = catalogue.prices
    origins = provenance(catalogue) if origins is None else origins
    by_id = {row.price_id: row for row in rows}

    def recorded(row: PriceRow) -> tuple[bool, datetime, object, datetime]:
        at = origins[row.price_id].committed_at
        return (at is None, at or row.effective_from, row.series, row.effective_from)

    known: dict[object, list[PriceRow]] = defaultdict(list)
    records = []
    for row in sorted(rows, key=recorded):
        records.append(_record(row, known[row.series], by_id.get(row.supersedes), origins[row.price_id]))
        known[row.series].append(row)
    return records


def _record(row: PriceRow, known: list[PriceRow], old: PriceRow | None, origin: Provenance) -> AuditRecord:
    superseded = {other.supersedes for other in known}
    earlier = [
        other
        for other in known
        if other.effective_from < row.effective_from
        and other.price_id not in superseded
        and other.change_kind != "withdrawal"
    ]
    new_price: Decimal | None = row.price
    old_price: Decimal | None
    if row.change_kind in ("end", "withdrawal"):
        action, old_price, new_price = "end", row.price, None
    elif row.change_kind == "correction":
        action, old_price = "correct", old.price if old else None
    elif earlier:
        action, old_price = "change", max(earlier, key=lambda other: other.effective_from).price
    else:
        action, old_price = "create", None
    summary = _summary(row, old_price, new_price)
    if action == "correct" and old is not None and old.price == row.price:
        summary = _summary_of_grounds(row, old)
    return AuditRecord(row.price_id, action, row, old_price, new_price, summary, origin)


def _summary(row: PriceRow, old_price: Decimal | None, new_price: Decimal | None) -> str:
    subject = row.in_words().removeprefix(f"{row.provider} ")
    if new_price is None and row.change_kind == "withdrawal":
        return f"{subject}: {_money(row.price)} withdrawn"
    if new_price is None:
        until = f"{row.effective_to:%Y-%m-%dT%H:%M:%SZ}" if row.effective_to else "its start"
        return f"{subject}: {_money(row.price)} ends {until}"
    return f"{subject}: {_money(old_price) if old_price is not None else 'no price'} → {_money(new_price)}"


def _summary_of_grounds(row: PriceRow, old: PriceRow) -> str:
    subject = row.in_words().removeprefix(f"{row.provider} ")
    if old.effective_from != row.effective_from:
        moved = f"from {canonical_instant(old.effective_from)} → from {canonical_instant(row.effective_from)}"
        return f"{subject}: {_money(row.price)} {moved}"
    told = f"{old.basis} → {row.basis}" if old.basis != row.basis else "other evidence"
    return f"{subject}: {_money(row.price)} stays; {told}"


def _money(price: Decimal) -> str:
    whole, _, places = canonical_decimal(price).partition(".")
    return f"{whole}.{places:0<2}"


def approver(commit: Commit, author: Person) -> str:
    """Approval counts where somebody else merged it and the merge names who approved; nothing is inferred."""
    if not commit.is_merge or commit.committer.is_same(author):
        return NONE
    named = [name for name in commit.trailers("Approved-by", "Reviewed-by") if not author.is_named(name)]
    return "; ".join(dict.fromkeys(named)) or NONE


def _origins(source: SeedFiles, repository: Path) -> dict[str, tuple[Commit, Person, datetime]]:
    """For each price the first commit that brought it, and the author of the change inside a merge."""
    require_full_history(repository)
    head = source.commit.partition("+")[0]
    origins: dict[str, tuple[Commit, Person, datetime]] = {}
    for commit in first_parents(repository, head, source.prefix):
        texts = [added.text for added in commit.added if holds_prices(added.file)]
        fresh = {key: text for key, text in identify(texts).items() if key not in origins}
        wrote = writers(repository, commit, source.prefix) if fresh and commit.is_merge else {}
        for key, text in fresh.items():
            author, authored_at = wrote.get(text, (commit.author, commit.authored_at))
            origins[key] = (commit, author, authored_at)
    return origins


def writers(repository: Path, merge: Commit, prefix: str) -> dict[str, tuple[Person, datetime]]:
    """Who wrote each line that a merge brought, and when; by the line."""
    found = {}
    for commit in branch_commits(repository, merge, prefix):
        for added in commit.added:
            found[added.text] = (commit.author, commit.authored_at)
    return found


def holds_prices(file: str) -> bool:
    """Whether a file among the seeds holds prices, own or vendor's."""
    return own_name(file).startswith("prices/") and file.endswith(".csv")


def identify(texts: list[str]) -> dict[str, str]:
    """price_id → line, for lines as they stood in an older file; what is no price row is left out."""
    header = ",".join(columns_of(PriceRow))
    lines = [text for text in dict.fromkeys(texts) if text and not text.startswith("provider,model,")]
    width = header.count(",") + 1
    rows = [text for text in lines if text.count(",") + 1 >= width]
    content = "\n".join([header, *rows, ""]).encode()
    return {row.price_id: rows[row.line - 2] for row in read_table("history", content, PriceRow, [])}
