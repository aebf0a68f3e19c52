"""The audit trail for people who sample it: each change of a price with its commit, its evidence and its approval.

Approval is what a merge commit, a signed tag or a note of somebody else says, never what the author typed.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from spanledger_warehouse.seeds.append_only import check_append_only
from spanledger_warehouse.seeds.catalogue import Catalogue
from spanledger_warehouse.seeds.contract_trail import agreed_records
from spanledger_warehouse.seeds.findings import Finding, error
from spanledger_warehouse.seeds.git import run_git, try_git, words_of_git
from spanledger_warehouse.seeds.history import first_parents, trailers_of
from spanledger_warehouse.seeds.private import split_commit
from spanledger_warehouse.seeds.provenance import (
    NONE,
    AuditRecord,
    Provenance,
    audit,
    effective_instant,
    holds_prices,
    identify,
)
from spanledger_warehouse.seeds.source import SeedFiles
from spanledger_warehouse.seeds.vendor import PRIVATE

NOTES = "refs/notes/approvals"
_SIGNERS = "allowed_signers"
_SIGNER = re.compile(r'Good "git" signature for (\S+) with')  # the words of ssh-keygen, not translated
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


def trail(catalogue: Catalogue, origins: Mapping[str, Provenance] | None = None) -> list[Entry]:
    """One entry for every price ever set, oldest first; then one for every change of what is agreed.

    Args:
        catalogue: the seeds.
        origins: their provenance, where the caller has it already.

    Raises:
        SeedError: the clone is shallow.
    """
    source = catalogue.source
    entries = _entries(source, [*audit(catalogue, origins), *agreed_records(source)])
    if source.private is not None:
        private = agreed_records(source.private)
        entries += _entries(source.private, [_below_private(record) for record in private])
    by = {row.supersedes: row.price_id for row in catalogue.prices if row.supersedes}
    return [replace(entry, superseded_by=by.get(entry.record.price_id)) for entry in entries]


def _below_private(record: AuditRecord) -> AuditRecord:
    """A record of the private repository, with its file named as among the seeds."""
    origin = replace(record.provenance, file=f"{PRIVATE}{record.provenance.file}")
    return replace(record, provenance=origin)


def _entries(source: SeedFiles, records: list[AuditRecord]) -> list[Entry]:
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
    return [
        Entry(
            record=record,
            signature=signatures.get(record.provenance.commit or "", NONE),
            approval=_approval(record, approvals),
            superseded_by=None,
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
        if holds_prices(file)
        for text in content.decode("utf-8", errors="replace").split("\n")[1:]
        if text
    ]
    return len(lines) if known.issuperset(lines) else 0


def _brought(source: SeedFiles, repository: Path) -> list[str]:
    """Every line that a commit brought into a price file, the oldest first."""
    head = source.commit.partition("+")[0]
    commits = first_parents(repository, head, source.prefix)
    return [line.text for commit in commits for line in commit.added if holds_prices(line.file)]


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


def history_problems(catalogue: Catalogue, recorded: Iterable[str]) -> list[str]:
    """What a run must say of the history of its seeds, in words.

    Args:
        catalogue: the seeds.
        recorded: commits that earlier runs priced from; each must be before or after the commit of these seeds.
    """
    source = catalogue.source
    if source.repository is None or _is_shallow(source.repository):
        return []
    names = [split_commit(commit) for commit in recorded]
    problems = _rewritten(source, {public for public, _ in names})
    if source.private is not None:
        problems += _rewritten(source.private, {private for _, private in names if private})
    lost_lines = [found for found in check_append_only(source) if found.is_error]
    differing = [] if lost_lines or replays(source) else replay(catalogue)[1]
    return problems + [f"{found.file}:{found.line}: {found.message}" for found in (*lost_lines, *differing)]


def _rewritten(source: SeedFiles, recorded: set[str]) -> list[str]:
    if source.repository is None:
        return []
    head = source.commit.partition("+")[0]
    kept = set(run_git(source.repository, "rev-list", head).decode().split())
    lost = [
        tip
        for tip in sorted({commit.partition("+")[0] for commit in recorded} - kept)
        if try_git(source.repository, "merge-base", "--is-ancestor", head, tip) is None
    ]
    return [f"history was rewritten: a run priced from {tip[:12]}, which is not in it" for tip in lost]


def _is_shallow(repository: Path) -> bool:
    return try_git(repository, "rev-parse", "--is-shallow-repository") == "true"


def _commit_of(record: AuditRecord) -> str | None:
    """The commit, where it is one of the repository (packaged and uncommitted rows name something else)."""
    return record.provenance.commit if record.provenance.committed_at is not None else None


def _approval(record: AuditRecord, others: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    found = []
    if record.provenance.approver != NONE:
        found.append(f"{record.provenance.approver} (merge commit)")
    author = (record.provenance.author or "").casefold()
    for email, words in others.get(record.provenance.commit or "", ()):
        if email and f"<{email.casefold()}>" not in author:
            found.append(words)
    return "; ".join(found) or NONE


def _signatures(repository: Path, commits: list[str], signers: Path) -> dict[str, str]:
    wanted = "".join(f"{commit}\n" for commit in commits).encode()
    settings = ("-c", f"gpg.ssh.allowedSignersFile={signers}", "-c", "log.showSignature=false")
    arguments = ("log", "--no-walk=unsorted", "--stdin", "--format=%H%x09%G?%x09%GS%x09%ce")
    found = {}
    for line in run_git(repository, *settings, *arguments, standard_input=wanted).decode().splitlines():
        commit, status, signer, committer = line.split("\t")
        word = _SIGNATURES.get(status, status)
        if status == "G" and signer:
            other = "" if committer.casefold() in signer.casefold() else ", not the committer"
            word = f"{word} ({signer}{other})"
        found[commit] = word
    return found


def _tags(repository: Path, commits: list[str], signers: Path) -> dict[str, list[tuple[str, str]]]:
    """Tags on the commits with a good signature, by whose key it is: a tag's own name is only typed."""
    layout = "%(refname:short)%09%(objecttype)%09%(*objectname)"
    listing = run_git(repository, "for-each-ref", f"--format={layout}", "refs/tags").decode()
    found: dict[str, list[tuple[str, str]]] = {}
    for line in listing.splitlines():
        name, kind, target = line.split("\t")
        if kind != "tag" or target not in commits:
            continue
        settings = ("-c", f"gpg.ssh.allowedSignersFile={signers}")
        signer = _SIGNER.search(words_of_git(repository, *settings, "verify-tag", name))
        if signer:
            found.setdefault(target, []).append((signer[1], f"{signer[1]} (signed tag {name})"))
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
