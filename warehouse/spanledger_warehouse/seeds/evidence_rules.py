"""What a row says it rests on: the provider's own word must be on a page of the provider; old evidence is listed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.rows import EvidenceHost, PriceCheck, PriceRow
from spanledger_warehouse.seeds.tables import read_table
from spanledger_warehouse.seeds.vendor import VENDOR

FILE = "evidence_hosts.csv"
_ARCHIVES = ("web.archive.org",)
# What these say was read at the provider's; the others may rest on anybody's page.
_AT_THE_PROVIDER = ("documented", "first_observed")


@dataclass(frozen=True, slots=True)
class Stale:
    """A model whose prices nobody has read for long."""

    provider: str
    model: str
    read_on: date
    basis: str
    evidence_url: str
    result: str  # of the last check: same, changed, gone; blank where the price itself was the last reading


def check_evidence_hosts(catalogue: Catalogue) -> Iterator[Finding]:
    """A price of basis documented or first_observed is on a host of its provider; unlisted providers are free."""
    findings: list[Finding] = []
    hosts = evidence_hosts(catalogue, findings)
    yield from findings
    for price in catalogue.prices:
        if not is_own_word(hosts, price.provider, price.basis, price.evidence_url):
            host, allowed = host_of(price.evidence_url), ", ".join(sorted(hosts[price.provider]))
            message = f"{price.basis}, but {host} is no page of {price.provider} ({allowed})"
            fix = f"name the provider's page, make the basis third_party, or add the host to {FILE}"
            yield error(price.file, price.line, "evidence-host", message, fix)


def evidence_hosts(catalogue: Catalogue, findings: list[Finding] | None = None) -> dict[str, set[str]]:
    """The hosts whose pages are a provider's own word, by provider."""
    found: list[Finding] = [] if findings is None else findings
    hosts: dict[str, set[str]] = defaultdict(set)
    for file in (FILE, f"{VENDOR}{FILE}"):
        content = catalogue.source.files.get(file, b"provider,host,note\n")
        for row in read_table(file, content, EvidenceHost, found):
            hosts[row.provider].add(row.host)
    return hosts


def is_own_word(hosts: Mapping[str, set[str]], provider: str, basis: str, url: str) -> bool:
    """Whether what claims to be the provider's word is on a page of it; other claims and unlisted providers may be."""
    allowed = hosts.get(provider)
    if not allowed or basis not in _AT_THE_PROVIDER:
        return True
    host = host_of(url)
    return any(host == name or host.endswith(f".{name}") for name in allowed)


def host_of(url: str) -> str:
    """The host whose page an address is; for an archived page, of the page that was archived."""
    parts = urlsplit(url)
    if parts.hostname in _ARCHIVES and "http" in parts.path:
        return urlsplit(parts.path[parts.path.index("http") :]).hostname or ""
    return parts.hostname or ""


def stale(catalogue: Catalogue, before: date, now: datetime) -> list[Stale]:
    """The models priced now that nobody has read since a day, for a price or for a check; the oldest first."""
    rows: dict[tuple[str, str], list[PriceRow]] = defaultdict(list)
    for period in catalogue.price_periods():
        if period.holds_at(now):
            rows[period.row.provider, period.row.model].append(period.row)
    checked: dict[tuple[str, str], PriceCheck] = {}
    for check in sorted(catalogue.checks, key=lambda check: check.checked_on):
        checked[check.provider, check.model] = check
    newest = (_last_read(_newest(found), checked.get(key)) for key, found in rows.items())
    found = [entry for entry in newest if entry.read_on < before or entry.result in ("changed", "gone")]
    return sorted(found, key=lambda entry: (entry.read_on, entry.provider, entry.model))


def _last_read(row: PriceRow, check: PriceCheck | None) -> Stale:
    if check is None or check.checked_on < row.evidence_date:
        return Stale(row.provider, row.model, row.evidence_date, row.basis, row.evidence_url, "")
    return Stale(row.provider, row.model, check.checked_on, row.basis, check.evidence_url, check.result)


def _newest(rows: Iterable[PriceRow]) -> PriceRow:
    return max(rows, key=lambda row: row.evidence_date)
