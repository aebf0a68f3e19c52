"""From an edit to a commit: the gate on the result, the lines in the work tree, the message with its trailers.

One commit holds the change and its audit record (why, on what evidence, from when), so neither exists alone.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from spanledger_warehouse.seeds.canonical import canonical_decimal, canonical_instant
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.editing import Edit
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.findings import Finding
from spanledger_warehouse.seeds.git import run_git, try_git
from spanledger_warehouse.seeds.provenance import effective_instant
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import SeedFiles, locate

NO_BRANCH = "no branch"


@dataclass(frozen=True, slots=True)
class Written:
    """What an edit did: the commit (None with `--no-commit`), and what the gate wants people to look at."""

    commit: str | None
    branch: str
    warnings: tuple[Finding, ...]


def gate(edit: Edit) -> tuple[Finding, ...]:
    """Run `prices check` on the seeds with the edit; the warnings about the new rows.

    Raises:
        SeedError: the check fails, with every error; says when it failed without the edit already.
    """
    findings = check(edit.after)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        before = {
            (finding.rule, finding.message) for finding in check(edit.before.source) if finding.is_error
        }
        old = [finding for finding in errors if (finding.rule, finding.message) in before]
        listed = "\n".join(f"  {finding}" for finding in (old or errors))
        cause = "the seeds do not pass the check even without this change" if old else "the check refuses it"
        raise SeedError(f"nothing was written: {cause}:\n{listed}")
    places = {(row.file, row.line) for row in edit.rows}
    return tuple(finding for finding in findings if (finding.file, finding.line) in places)


def require_clean(source: SeedFiles) -> tuple[Path, str]:
    """The work tree and its branch (`NO_BRANCH` where HEAD is detached), if the seeds in it are as they were committed.

    Raises:
        SeedError: outside git, or with other changes in the seeds.
    """
    if source.repository is None:
        locate(Path(source.source))  # raises with the words for a folder without git
        raise SeedError(f"{source.source} has no commit yet; make the first one with `git commit`")
    top = source.repository
    status = run_git(top, "status", "--porcelain", "-z", "--", source.prefix or ".").decode(errors="replace")
    if status:
        listed = ", ".join(entry[3:] for entry in status.split("\0") if entry)[:300]
        raise SeedError(
            f"the seeds have changes that are not committed ({listed}); commit or undo them first, so that "
            "this change is a commit of its own"
        )
    return top, try_git(top, "symbolic-ref", "--quiet", "--short", "HEAD") or NO_BRANCH


def write(edit: Edit, reason: str, *, commit: bool = True) -> Written:
    """Check an edit, write its lines, and commit them.

    Args:
        edit: from `set_prices`, `end_prices` or `correct_price`.
        reason: why; it becomes the trailer `Reason`.
        commit: False leaves the lines in the work tree for a commit by hand.

    Raises:
        SeedError: nothing was changed; says why.
    """
    _, branch = require_clean(edit.before.source)
    warnings = gate(edit)
    text = message(edit, reason)
    changed = {file: edit.after.files[file] for file in edit.files}
    return Written(commit_files(edit.before.source, changed, text, commit=commit), branch, warnings)


def commit_files(
    source: SeedFiles, changed: Mapping[str, bytes], text: str, *, commit: bool = True
) -> str | None:
    """Write files of the seeds into the work tree, and commit them and nothing else.

    Args:
        source: the seeds before the change.
        changed: new contents, by path in the seeds.
        text: the commit message.
        commit: False leaves the files in the work tree for a commit by hand.

    Returns:
        The commit; None without one.

    Raises:
        SeedError: nothing was changed; says why.
    """
    top, _ = require_clean(source)
    folder = top / source.prefix
    old = {file: (folder / file).read_bytes() if (folder / file).is_file() else None for file in changed}
    if any(old[file] != source.files.get(file) for file in changed):
        raise SeedError("the seed files in the folder are not the committed ones; nothing was written")
    paths = [f"{source.prefix}{file}" for file in changed]
    for file, content in changed.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    if not commit:
        return None
    try:
        run_git(top, "add", "--", *paths)
        run_git(top, "commit", "--quiet", "--file=-", "--only", "--", *paths, standard_input=text.encode())
    except SeedError as problem:
        for file, previous in old.items():
            if previous is None:
                (folder / file).unlink()
            else:
                (folder / file).write_bytes(previous)
        try_git(top, "reset", "--quiet", "--", *paths)
        raise SeedError(f"nothing was committed, and the files are as they were: {problem}") from problem
    return try_git(top, "rev-parse", "HEAD")


def diff(edit: Edit) -> str:
    """The edit as a unified diff."""
    pieces: list[str] = []
    for file in edit.files:
        old = edit.before.source.files.get(file, b"").decode().splitlines(keepends=True)
        new = edit.after.files[file].decode().splitlines(keepends=True)
        pieces += difflib.unified_diff(old, new, f"a/{file}", f"b/{file}")
    return "".join(pieces)


def message(edit: Edit, reason: str) -> str:
    """The commit message: what changes in the subject, each change and its grounds in the trailers.

    Raises:
        SeedError: no reason was given.
    """
    why = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", reason).split())
    if not why:
        raise SeedError("a price change needs a reason; give it with --reason")
    first = edit.rows[0] if edit.rows else None
    if first is None:
        raise SeedError("nothing would change; see the findings of `spanledger prices check`")
    subject = f"[{first.provider}] {_subject(edit)}"
    rows = edit.rows
    trailers = [f"Price-Change: {row.provider}/{row.model} {_change(edit, row)}" for row in rows]
    trailers.append(f"Reason: {why}")
    trailers += [f"Evidence: {url}" for url in dict.fromkeys(row.evidence_url for row in rows)]
    trailers += [
        f"Effective: {at}" for at in dict.fromkeys(canonical_instant(effective_instant(row)) for row in rows)
    ]
    return f"{subject}\n\n" + "\n".join(trailers) + "\n"


def _subject(edit: Edit) -> str:
    rows = edit.rows
    changes = ", ".join(_change(edit, row) for row in rows)
    if len(changes) > 60 and len(rows) > 1:
        changes = f"{len(rows)} prices"
    at = canonical_instant(effective_instant(rows[0])).removesuffix("T00:00:00Z")
    return f"{rows[0].model}: {changes} from {at}"


def _change(edit: Edit, row: PriceRow) -> str:
    subject = row.in_words().removeprefix(f"{row.provider} {row.model} ")
    old = edit.replaced.get(row.price_id)
    before = canonical_decimal(old.price) if old is not None else "no price"
    if row.change_kind == "withdrawal":
        return f"{subject} {before} withdrawn"
    if row.change_kind == "end":
        return f"{subject} {before} ends"
    if old is not None and row.change_kind == "correction" and old.price == row.price:
        told = f"from {canonical_instant(old.effective_from)} corrected"
        same_instant = old.effective_from == row.effective_from
        return f"{subject} {before} {told if not same_instant else f'now {row.basis}'}"
    return f"{subject} {before} → {canonical_decimal(row.price)}"


def describe(edit: Edit) -> Sequence[str]:
    """Each change in words, with the line that says it."""
    return [f"{row.place}: {row.provider} {row.model} {_change(edit, row)}" for row in edit.rows]
