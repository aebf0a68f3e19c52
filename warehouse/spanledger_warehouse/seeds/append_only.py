"""Prices are only ever added: every line of the history must still be there, as it was."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.findings import Finding, error, warning
from spanledger_warehouse.seeds.git import try_git
from spanledger_warehouse.seeds.history import (
    Commit,
    Line,
    bare,
    first_parents,
    own_lines,
    require_full_history,
)
from spanledger_warehouse.seeds.rows import PriceRow
from spanledger_warehouse.seeds.source import PACKAGED, SeedFiles, read_tree, resolve_commit
from spanledger_warehouse.seeds.tables import columns_of
from spanledger_warehouse.seeds.vendor import own_name

# Closed months and exchange rates are facts of the past, as prices are.
_FILES = ("fx_rates.csv", "periods.csv")
_FOLDER = "prices/"
_FIX = "put the line back as it was; to end or correct a price, add a row that supersedes it"


def check_append_only(source: SeedFiles, base: str | None = None) -> list[Finding]:
    """Lines that the history or the base branch has and these seeds have not."""
    if source.state == PACKAGED or source.repository is None:
        return []
    head = source.commit.partition("+")[0]
    try:
        require_full_history(source.repository)
        found = list(_lost_since(source, source.repository, base, head)) if base else []
        found += _lost_from_history(source, source.repository, head)
    except SeedError as problem:
        fix = "check in a full clone, with the base branch fetched"
        return [error(_FOLDER, 0, "history", str(problem), fix)]
    unique = {(finding.file, finding.message.partition(" (")[0]): finding for finding in reversed(found)}
    return sorted(unique.values(), key=lambda finding: (finding.file, finding.line))


def _is_watched(file: str) -> bool:
    name = own_name(file)
    return name in _FILES or (name.startswith(_FOLDER) and name.endswith(".csv"))


def _lost_from_history(source: SeedFiles, repository: Path, head: str) -> Iterator[Finding]:
    """Lines that any commit of the first-parent line brought and that are gone, or were gone for a time."""
    current = _lines_of(source.files)
    place: dict[tuple[str, str], tuple[Line, Commit]] = {}
    taken: dict[tuple[str, str], Commit] = {}
    for commit in first_parents(repository, head, source.prefix):
        for line in own_lines(commit.removed, commit.added):
            taken[line.file, bare(line.text)] = commit
        for line in commit.added:
            place.setdefault((line.file, bare(line.text)), (line, commit))
    for key, (line, brought) in place.items():
        if not _is_watched(line.file) or not key[1] or _is_grown_header(key, current):
            continue
        by = f", taken away by {_name(taken[key])}" if key in taken else ""
        if key not in current:
            yield _lost(line, f"commit {brought.commit[:12]}{by}")
        elif by:
            what = (
                f"{_said(line)} (line {line.line} in commit {brought.commit[:12]}) was missing for a time{by}"
            )
            fix = "nothing is left to do; runs of that time priced without it"
            yield warning(line.file, 0, "append-only", what, fix)


def _name(commit: Commit) -> str:
    return f"commit {commit.commit[:12]} of {commit.author.name}"


def _lost_since(source: SeedFiles, repository: Path, base: str, head: str) -> Iterator[Finding]:
    base_commit = resolve_commit(repository, base)
    fork = try_git(repository, "merge-base", base_commit, head)
    if not fork:
        raise SeedError(f"{base} and {head[:12]} have no common commit")
    before = read_tree(repository, fork, source.prefix)
    current = Counter(_lines_of(source.files))
    for file in sorted(file for file in before if _is_watched(file)):
        for number, text in enumerate(before[file].decode("utf-8", errors="replace").split("\n"), start=1):
            key = (file, bare(text))
            if text and key not in current and not _is_grown_header(key, current):
                yield _lost(Line(file, number, text), f"the merge base {fork[:12]} with {base}")


def _lines_of(files: Mapping[str, bytes]) -> Counter[tuple[str, str]]:
    lines: Counter[tuple[str, str]] = Counter()
    for file, content in files.items():
        if _is_watched(file):
            lines.update((file, bare(text)) for text in content.decode("utf-8", errors="replace").split("\n"))
    return lines


def _is_grown_header(key: tuple[str, str], current: Iterable[tuple[str, str]]) -> bool:
    file, text = key
    if not text.startswith("provider,model,") and not text.startswith(("date,", "warehouse,")):
        return False
    return any(name == file and line.startswith(f"{text},") for name, line in current)


def _lost(line: Line, where: str) -> Finding:
    message = f"a line was removed or changed: {_said(line)} (line {line.line} in {where})"
    return error(line.file, line.line, "append-only", message, _FIX)


def _said(line: Line) -> str:
    """A price line in short; any other line as it is."""
    cells = line.text.split(",")
    names = list(columns_of(PriceRow))
    if not own_name(line.file).startswith(_FOLDER) or len(cells) < len(names):
        return line.text
    values = dict(zip(names, cells, strict=False))
    return f"{values['model']} {values['unit']} {values['price']} from {values['effective_from']}"
