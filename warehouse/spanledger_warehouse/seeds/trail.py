"""The audit trail for people who sample it: each change of a price with its commit, its evidence and its approval.

Approval is what a merge commit, a signed tag or a note of somebody else says, never what the author typed.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.git import run_git, try_git
from spanledger_warehouse.seeds.history import first_parents, trailers_of
from spanledger_warehouse.seeds.provenance import NONE, AuditRecord, audit, effective_instant, identify
from spanledger_warehouse.seeds.source import SeedFiles

NOTES = "refs/notes/approvals"
_SIGNERS = "allowed_signers"
_SIGNATURES = {
    "G": "good",
    "U": "unknown signer",
    "B": "bad",
    "X": "expired",
    "Y": "expired key",
    "R": "revoked key",
    "E": "cannot be checked",
    "N": NONE,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one price, with what an auditor asks for."""

    record: AuditRecord
    signature: str  # none, good (by whom), unknown signer, bad …
    approval: str  # by whom and by what evidence; none
    superseded_by: str | None

    @property
    def lag(self) -> timedelta | None:
        """How long after its effective instant the change was recorded; negative: ahead of it."""
        at = self.record.provenance.committed_at
        return None if at is None else at - effective_instant(self.record.row)


def trail(catalogue: Catalogue) -> list[Entry]:
    """One entry for every price ever set, oldest first.

    Raises:
        SeedError: the clone is shallow.
    """
    records = audit(catalogue)
    source = catalogue.source
    commits = sorted({commit for record in records if (commit := _commit_of(record))})
    signatures: Mapping[str, str] = {}
    approvals: Mapping[str, list[tuple[str, str]]] = {}
    if source.repository is not None and commits:
        with tempfile.TemporaryDirectory() as folder:
            signers = Path(folder) / _SIGNERS
            signers.write_bytes(source.files.get(_SIGNERS, b""))
            signatures = _signatures(source.repository, commits, signers)
            approvals = _tags(source.repository, commits, signers)
        for commit, found in _notes(source.repository).items():
            approvals = {**approvals, commit: [*approvals.get(commit, []), *found]}
    by = {row.supersedes: row.price_id for row in catalogue.prices if row.supersedes}
    return [
        Entry(
            record=record,
            signature=signatures.get(record.provenance.commit or "", NONE),
            approval=_approval(record, approvals),
            superseded_by=by.get(record.price_id),
        )
        for record in records
    ]


def replay(catalogue: Catalogue) -> tuple[int, list[Finding]]:
    """Build the price files again from the lines that the commits brought, and compare byte for byte.

    Returns:
        How many lines the log has, and where the current table is not what the log says. Lines that are not
        committed yet are nobody's business here.
    """
    source = catalogue.source
    if source.repository is None:
        return 0, []
    texts = _brought(source, source.repository)
    brought = identify(texts[::-1])  # of two lines for one price the older one counts, and comes last
    count = len(brought)
    findings = []
    current = {file: content.decode("utf-8").split("\n") for file, content in source.files.items()}
    for row in catalogue.prices:
        committed = brought.get(row.price_id)
        now = current[row.file][row.line - 1]
        if committed is not None and committed.rstrip(",") != now.rstrip(","):
            message = f"replaying the log gives another line: {committed}"
            fix = "put the line back as it was committed; a note is part of it"
            findings.append(error(row.file, row.line, "replay", message, fix))
    return count, findings


def replays(source: SeedFiles) -> int:
    """How many price lines there are if each is one that a commit brought, as it brought it; else 0.

    Much faster than `replay`, and enough beside the append-only check, which finds what is missing.
    """
    if source.repository is None:
        return 0
    known = {text.rstrip(",") for text in _brought(source, source.repository)}
    lines = [
        text.rstrip(",")
        for file, content in source.files.items()
        if _holds_prices(file)
        for text in content.decode("utf-8", errors="replace").split("\n")[1:]
        if text
    ]
    return len(lines) if known.issuperset(lines) else 0


def _brought(source: SeedFiles, repository: Path) -> list[str]:
    """Every line that a commit brought into a price file, the oldest first."""
    head = source.commit.partition("+")[0]
    commits = first_parents(repository, head, source.prefix or ".")
    return [line.text for commit in commits for line in commit.added if _holds_prices(line.file)]


def _holds_prices(file: str) -> bool:
    return file.endswith(".csv") and file.split("/")[-2:-1] == ["prices"]


def check_tip(source: SeedFiles, tip: str) -> list[Finding]:
    """Whether the history still holds a commit that was recorded earlier, outside this repository."""
    if source.repository is None:
        message = "there is no history to look for the recorded tip in"
        return [error("prices/", 0, "history", message, "check a clone of the repository")]
    head = source.commit.partition("+")[0]
    if try_git(source.repository, "merge-base", "--is-ancestor", tip, head) is not None:
        return []
    message = f"the recorded tip {tip[:12]} is not in the history of {head[:12]}: history was rewritten"
    fix = "find the commits again (reflog, other clones) and put them back; then ask who may force a push"
    return [error("prices/", 0, "history", message, fix)]


def _commit_of(record: AuditRecord) -> str | None:
    """The commit, where it is one of the repository (packaged and uncommitted rows name something else)."""
    return record.provenance.commit if record.provenance.committed_at is not None else None


def _approval(record: AuditRecord, others: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    found = []
    if record.provenance.approver != NONE:
        found.append(f"{record.provenance.approver} (merge commit)")
    author = record.provenance.author or ""
    for email, words in others.get(record.provenance.commit or "", ()):
        if email and email not in author:
            found.append(words)
    return "; ".join(found) or NONE


def _signatures(repository: Path, commits: list[str], signers: Path) -> dict[str, str]:
    wanted = "".join(f"{commit}\n" for commit in commits).encode()
    settings = ("-c", f"gpg.ssh.allowedSignersFile={signers}")
    arguments = ("log", "--no-walk=unsorted", "--stdin", "--format=%H%x09%G?%x09%GS")
    found = {}
    for line in run_git(repository, *settings, *arguments, standard_input=wanted).decode().splitlines():
        commit, status, signer = line.split("\t")
        word = _SIGNATURES.get(status, status)
        found[commit] = f"{word} ({signer})" if status == "G" and signer else word
    return found


def _tags(repository: Path, commits: list[str], signers: Path) -> dict[str, list[tuple[str, str]]]:
    """Tags on the commits whose signature is good, by who made them."""
    layout = "%(refname:short)%09%(objecttype)%09%(*objectname)%09%(taggername)%09%(taggeremail:trim)"
    listing = run_git(repository, "for-each-ref", f"--format={layout}", "refs/tags").decode()
    found: dict[str, list[tuple[str, str]]] = {}
    for line in listing.splitlines():
        name, kind, target, tagger, email = line.split("\t")
        if kind != "tag" or target not in commits:
            continue
        settings = ("-c", f"gpg.ssh.allowedSignersFile={signers}")
        if try_git(repository, *settings, "verify-tag", name) is not None:
            found.setdefault(target, []).append((email, f"{tagger} <{email}> (signed tag {name})"))
    return found


def _notes(repository: Path) -> dict[str, list[tuple[str, str]]]:
    """Notes that name an approver, by who wrote them; the last one on a commit counts."""
    if try_git(repository, "rev-parse", "--verify", "--quiet", NOTES) is None:
        return {}
    log = run_git(repository, "log", "--name-only", "--format=%x00%ae", NOTES).decode()
    found: dict[str, list[tuple[str, str]]] = {}
    for entry in log.split("\0")[1:]:
        email, *paths = [line for line in entry.splitlines() if line]
        for path in paths:
            commit = path.replace("/", "")
            if commit in found:
                continue
            text = try_git(repository, "notes", f"--ref={NOTES}", "show", commit) or ""
            names = trailers_of(text, "Approved-by", "Reviewed-by")
            found[commit] = [(email, f"{'; '.join(names)} (note of {email})")] if names else []
    return found
