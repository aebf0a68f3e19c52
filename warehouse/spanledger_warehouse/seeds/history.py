"""The commits that touched the seeds, first parents only, with the lines that each one added and removed.

A folder of seeds that was moved is followed to where it came from.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import run_git, try_git

_FIELDS = ("%H", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
_FORMAT = "".join(f"%x00{field}" for field in _FIELDS) + "%x00"
# --text: a .gitattributes that calls CSV binary must not hide what was changed.
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--text")
_DIFF = (*_PLAIN, "--src-prefix=a/", "--dst-prefix=b/")
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_TRAILER = re.compile(r"(?P<key>[A-Za-z][A-Za-z-]*): *(?P<value>\S.*)")


@dataclass(frozen=True, slots=True)
class Person:
    """Who git says it was."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.email else self.name

    def is_same(self, other: "Person") -> bool:
        """Whether both are one person: by the address, in any case of letters."""
        return self.email.casefold() == other.email.casefold()

    def is_named(self, text: str) -> bool:
        """Whether a trailer such as `Grace <grace@acme.example>` means this person, by address or name."""
        name, bracket, email = text.casefold().rstrip("> ").partition("<")
        address = email if bracket else name.strip()
        return address == self.email.casefold() or name.strip() == self.name.casefold()


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a commit added or removed: its file among the seeds, and its place there."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the history, with the lines it added to the seeds and took from them."""

    commit: str
    parents: tuple[str, ...]
    author: Person
    authored_at: datetime
    committer: Person
    committed_at: datetime
    message: str
    added: tuple[Line, ...]
    removed: tuple[Line, ...]

    @property
    def is_merge(self) -> bool:
        """Whether the commit brought another branch in."""
        return len(self.parents) > 1

    def trailers(self, *keys: str) -> list[str]:
        """The values of `Key: value` lines in the last paragraph of the message."""
        return trailers_of(self.message, *keys)


def trailers_of(message: str, *keys: str) -> list[str]:
    """The values of `Key: value` lines in the last paragraph of a message."""
    wanted = {key.lower() for key in keys}
    last = message.strip().rsplit("\n\n", 1)[-1]
    found = (_TRAILER.fullmatch(line.strip()) for line in last.splitlines())
    return [match["value"].strip() for match in found if match and match["key"].lower() in wanted]


def require_full_history(repository: Path) -> None:
    """Refuse a clone in which the history is cut off.

    Raises:
        SeedError: the clone is shallow.
    """
    if try_git(repository, "rev-parse", "--is-shallow-repository") == "true":
        raise SeedError(
            f"{repository} is a shallow clone: the commits that set the prices are not in it, so nobody "
            "can tell whether a price was changed or removed; run `git fetch --unshallow` (CI: fetch-depth 0)"
        )


def first_parents(repository: Path, commit: str, prefix: str) -> list[Commit]:
    """The commits that touched the seeds, oldest first, a merge as one step against its first parent.

    Args:
        repository: the work tree.
        commit: the newest commit.
        prefix: the folder of the seeds in it, "" or with a slash at the end.
    """
    merges = ("--first-parent", "--diff-merges=first-parent")
    commits = _log(repository, prefix, *merges, commit)
    while commits and (origin := _moved_from(repository, commits[0], prefix)) is not None:
        prefix = origin
        commits = [*_log(repository, prefix, *merges, commits[0].parents[0]), *commits]
    return commits


def branch_commits(repository: Path, merge: Commit, prefix: str) -> list[Commit]:
    """The commits that a merge brought in and that touched the seeds, oldest first."""
    return _log(repository, prefix, "--no-merges", f"{merge.parents[0]}..{merge.commit}")


def own_lines(added: tuple[Line, ...], removed: tuple[Line, ...]) -> Iterator[Line]:
    """The lines that are in the first and not in the second: what a re-sorted file did not only move."""
    others = Counter((line.file, bare(line.text)) for line in removed)
    for line in added:
        key = (line.file, bare(line.text))
        if others[key]:
            others[key] -= 1
        else:
            yield line


def bare(text: str) -> str:
    """A line without blank cells at its end: a header that grows there changes no older row."""
    return text.rstrip(",")


def _moved_from(repository: Path, first: Commit, prefix: str) -> str | None:
    """The folder that the seeds were in before a commit, if that commit moved them here."""
    if not first.parents:
        return None
    arguments = ("-r", "-z", "--find-renames", "--name-status", "--diff-filter=R")
    listing = run_git(repository, "diff-tree", *arguments, first.parents[0], first.commit).decode(
        errors="replace"
    )
    entries = listing.split("\0")[:-1]
    for old, new in zip(entries[1::3], entries[2::3], strict=True):
        file = new.removeprefix(prefix)
        if new.startswith(prefix) and file.startswith("prices/") and old.endswith(f"/{file}"):
            return old.removesuffix(file)
        if new.startswith(prefix) and file.startswith("prices/") and old == file and prefix:
            return ""
    return None


def _paths(prefix: str) -> tuple[str, ...]:
    """Only what lies in the folder as seeds do: a root may hold other folders."""
    return (f":(top,glob){prefix}*", *(f":(top){prefix}{name}" for name in ("prices", "vendor")))


def _log(repository: Path, prefix: str, *arguments: str) -> list[Commit]:
    settings = ("-c", "core.quotepath=off", "-c", "log.showSignature=false", "-c", "log.showRoot=true")
    options = ("--reverse", "-p", "--unified=0", *_DIFF, f"--format={_FORMAT}")
    raw = run_git(repository, *settings, "log", *options, *arguments, "--", *_paths(prefix))
    parts = raw.decode("utf-8", errors="replace").split("\0")[1:]
    size = len(_FIELDS) + 1
    if len(parts) % size:
        raise SeedError(f"a seed file in the history of {repository} holds a NUL byte; it is no text")
    return [_commit(parts[start : start + size], prefix) for start in range(0, len(parts), size)]


def _commit(parts: list[str], prefix: str) -> Commit:
    commit, parents, author, author_email, authored, committer, committer_email, committed, message, diff = (
        parts
    )
    added, removed = _changed(diff, prefix)
    return Commit(
        commit=commit,
        parents=tuple(parents.split()),
        author=Person(author, author_email),
        authored_at=datetime.fromisoformat(authored).astimezone(UTC),
        committer=Person(committer, committer_email),
        committed_at=datetime.fromisoformat(committed).astimezone(UTC),
        message=message,
        added=added,
        removed=removed,
    )


def _changed(diff: str, prefix: str) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines that a diff adds and removes."""
    files = {"+": "", "-": ""}
    numbers = {"+": 0, "-": 0}
    lines: dict[str, list[Line]] = {"+": [], "-": []}
    in_hunk = False
    for text in diff.split("\n"):
        sign = text[:1]
        hunk = _HUNK.match(text) if sign == "@" else None
        if text.startswith("diff --git "):
            in_hunk = False
        elif hunk:
            numbers = {"-": int(hunk[1]), "+": int(hunk[2])}
            in_hunk = True
        elif sign in files and in_hunk:
            lines[sign].append(Line(files[sign], numbers[sign], text[1:]))
            numbers[sign] += 1
        elif text.startswith(("+++ ", "--- ")):
            files[sign] = text[4:].removeprefix(f"{'b' if sign == '+' else 'a'}/{prefix}").rstrip("\t")
    return tuple(lines["+"]), tuple(lines["-"])
