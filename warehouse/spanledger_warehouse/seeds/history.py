"""The commits that touched the price files, first parents only, with the lines each one added."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import run_git, try_git

_FIELDS = ("%H", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
_FORMAT = "".join(f"%x00{field}" for field in _FIELDS) + "%x00"
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
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


@dataclass(frozen=True, slots=True)
class AddedLine:
    """A line that a commit brought, at its place in the file of that commit."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the history, with the lines it added to the files asked for."""

    commit: str
    parents: tuple[str, ...]
    author: Person
    authored_at: datetime
    committer: Person
    committed_at: datetime
    message: str
    added: tuple[AddedLine, ...]

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


def first_parents(repository: Path, commit: str, path: str) -> list[Commit]:
    """The commits that touched a path, oldest first, a merge as one step against its first parent."""
    return _log(repository, "--first-parent", "--diff-merges=first-parent", commit, "--", path)


def branch_commits(repository: Path, merge: Commit, path: str) -> list[Commit]:
    """The commits that a merge brought in and that touched a path, oldest first."""
    return _log(repository, "--no-merges", f"{merge.parents[0]}..{merge.commit}", "--", path)


def _log(repository: Path, *arguments: str) -> list[Commit]:
    raw = run_git(
        repository,
        "-c",
        "core.quotepath=off",
        "log",
        "--reverse",
        "-p",
        "--unified=0",
        *_DIFF,
        f"--format={_FORMAT}",
        *arguments,
    )
    parts = raw.decode("utf-8", errors="replace").split("\0")[1:]
    size = len(_FIELDS) + 1
    return [_commit(parts[start : start + size]) for start in range(0, len(parts), size)]


def _commit(parts: list[str]) -> Commit:
    commit, parents, author, author_email, authored, committer, committer_email, committed, message, diff = (
        parts
    )
    return Commit(
        commit=commit,
        parents=tuple(parents.split()),
        author=Person(author, author_email),
        authored_at=datetime.fromisoformat(authored).astimezone(UTC),
        committer=Person(committer, committer_email),
        committed_at=datetime.fromisoformat(committed).astimezone(UTC),
        message=message,
        added=tuple(_added(diff)),
    )


def _added(diff: str) -> Iterator[AddedLine]:
    file = ""
    number = 0
    in_hunk = False
    for text in diff.split("\n"):
        hunk = _HUNK.match(text)
        if text.startswith("diff --git "):
            in_hunk = False
        elif not in_hunk and text.startswith("+++ "):
            file = text[4:].removeprefix("b/").rstrip("\t")
        elif hunk:
            number = int(hunk[2])
            in_hunk = True
        elif in_hunk and text.startswith("+"):
            yield AddedLine(file, number, text[1:])
            number += 1
