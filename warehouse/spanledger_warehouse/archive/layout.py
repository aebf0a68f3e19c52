"""Where the parts of the archive lie, which of them count, and how a part comes into its place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Parts of the same batches have numbers; a part without one is all of them.
WHOLE = -1
_NAME = re.compile(r"([0-9]{8})-([0-9]{8})(?:\.([0-9]+))?\.parquet")


@dataclass(frozen=True, order=True)
class Part:
    """A Parquet file that holds the batches from `first` to `last`."""

    first: int
    last: int
    number: int
    path: Path

    def is_within(self, other: Part) -> bool:
        """Whether another part holds all of this one: a wider one, or the whole of the same batches."""
        if (self.first, self.last) == (other.first, other.last):
            return other.number == WHOLE and self.number != WHOLE
        return other.first <= self.first and self.last <= other.last


@dataclass(frozen=True)
class Archive:
    """The folders of one archive."""

    root: Path

    @property
    def records(self) -> Path:
        """Parts by day."""
        return self.root / "records"

    @property
    def files(self) -> Path:
        """The files that the records came in; a batch counts when it is here."""
        return self.root / "files"

    @property
    def work(self) -> Path:
        """What is being written; never read, swept by the next who writes."""
        return self.root / "unfinished"

    def file_parts(self) -> list[Part]:
        """The parts of `files/` that count."""
        return live(self.files)

    def days(self) -> dict[str, list[Part]]:
        """The parts of records that count, by day (ISO), oldest day first."""
        covered = [(part.first, part.last) for part in self.file_parts()]
        found = {}
        for folder in sorted(self.records.glob("day=*")):
            parts = [part for part in live(folder) if _is_covered(part, covered)]
            if parts:
                found[folder.name.removeprefix("day=")] = parts
        return found

    def day_folder(self, day: str) -> Path:
        """The folder of a day's parts."""
        return self.records / f"day={day}"

    def last_batch(self) -> int:
        """The number of the last batch that counts; 0 when there is none."""
        return max((part.last for part in self.file_parts()), default=0)

    def sweep(self) -> None:
        """Remove what a death left: unfinished work, parts of batches that do not count, parts that were compacted."""
        shutil.rmtree(self.work, ignore_errors=True)
        counting = {part.path for part in self.file_parts()}
        counting |= {part.path for parts in self.days().values() for part in parts}
        for folder in (self.files, *self.records.glob("day=*")):
            for part in _parts(folder):
                if part.path not in counting:
                    part.path.unlink()


def live(folder: Path) -> list[Part]:
    """The parts of a folder that no wider part holds, in their order."""
    parts = sorted(_parts(folder))
    return [part for part in parts if not any(part.is_within(other) for other in parts)]


def part_name(first: int, last: int, number: int = WHOLE) -> str:
    """The name of a part."""
    return f"{first:08}-{last:08}{'' if number == WHOLE else f'.{number}'}.parquet"


def place(written: Path, target: Path) -> None:
    """Put a part that was written elsewhere into its place, durably."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sync(written)
    written.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have the disk hold a file's bytes, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def paths_of(parts: Iterable[Part]) -> list[str]:
    """The parts as DuckDB's reader takes them."""
    from spanledger_warehouse.database import literal_path

    return [literal_path(part.path) for part in parts]


def _parts(folder: Path) -> Iterator[Part]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if found := _NAME.fullmatch(path.name):
            first, last, number = found.groups()
            yield Part(int(first), int(last), WHOLE if number is None else int(number), path)


def _is_covered(part: Part, covered: list[tuple[int, int]]) -> bool:
    """Whether every batch of the part counts: compaction joins only batches that do."""
    return any(first <= part.first <= last for first, last in covered) and any(
        first <= part.last <= last for first, last in covered
    )
