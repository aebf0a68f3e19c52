"""Erases what people wrote about one person or one tenant, without moving a cent.

Usage, cost and identity of the calls stay; the caller's metadata, the response's metadata, error messages and the named
attribute go: from the archive, the quarantine and the landing zone here, from the database by making it anew from the
archive (a database file keeps deleted bytes), and from what was published by publishing a version that shares nothing
with the old ones. Backups made before keep what they hold.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from spanledger_warehouse import runs
from spanledger_warehouse.archive.layout import Archive, paths_of, place
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import connect, sql_text
from spanledger_warehouse.errors import ArchiveError, PublishedError, SpanledgerError
from spanledger_warehouse.rebuilding import rebuild
from spanledger_warehouse.settings import Settings

_MONEY = {
    "marts.daily_costs": "tenant_id, day, calls, total_tokens, list_cost_usd, contracted_cost_usd, reported_cost_usd",
    "marts.costs_by_model": "tenant_id, day, provider, model, calls, list_cost_usd, contracted_cost_usd",
    "marts.costs_by_operation": "tenant_id, day, service, operation, calls, list_cost_usd, contracted_cost_usd",
    "ledger.cost_lines": "call_id, part, unit, quantity, list_cost_usd, contracted_cost_usd",
}


@dataclass(frozen=True)
class Whom:
    """Of whom: a tenant, or whoever a key of the metadata (or an attribute) names by a value."""

    tenant: str | None = None
    key: str | None = None
    value: str | None = None

    @property
    def words(self) -> str:
        """What stands in the bytes of a line that is about them."""
        return self.tenant or self.value or ""

    def __str__(self) -> str:
        return f"tenant {self.tenant}" if self.tenant else f"{self.key} = {self.value}"


@dataclass(frozen=True)
class Erased:
    """What was erased.

    Attributes:
        calls: spans that lost their metadata.
        parts: files of the archive that were written anew.
        quarantined: quarantined lines that were about them, and are gone.
        landing_files: files of spool and landing zone that were removed, because their records are archived.
    """

    calls: int
    parts: int
    quarantined: int
    landing_files: int


def money_digest(settings: Settings) -> str:
    """A digest over every published cost; the same before and after an erasure.

    Raises:
        PublishedError: nothing was published.
    """
    file = settings.home.published_file
    if not file.is_file():
        raise PublishedError(f"{file} is not there; publish with `spanledger run` first")
    digests = []
    with duckdb.connect(str(file), read_only=True) as published:
        for table, columns in _MONEY.items():
            text = " || '|' || ".join(f"coalesce({name}::varchar, chr(1))" for name in columns.split(", "))
            row = published.execute(
                f"select count(*), md5(string_agg({text}, chr(10) order by {text})) from {table}"
            ).fetchone()
            digests.append(f"{table}:{row}")
        row = published.execute("select md5(?)", ["\n".join(digests)]).fetchone()
    return str(row[0]) if row else ""


def erase(settings: Settings, whom: Whom, *, run_id: str, now: datetime) -> Erased:
    """Erase from archive, quarantine, landing zone and database; the next run publishes without it.

    Args:
        settings: of the warehouse.
        whom: of whom.
        run_id: noted with the days to build.
        now: naive UTC.

    Raises:
        SpanledgerError: there is work to be run first, or not everything is archived; nothing was erased.
    """
    home = settings.home
    with connect(settings) as connection:
        create_loaded(connection)
        _require_settled(connection, settings)
        calls = _find(connection, whom)
        parts = _erase_archive(connection, Archive(home.archive), whom)
        archived = connection.execute(
            "select f.path from raw.files as f inner join ops.archived_files as a using (file_id)"
        ).fetchall()
    quarantined = sum(_erase_quarantined(file, whom) for file in sorted(home.quarantine.glob("*")))
    landing = [Path(path) for (path,) in archived if _names(Path(path), whom)]
    for path in landing:
        path.unlink()
    done = rebuild(settings, run_id=run_id, now=now)
    if done.replaced is not None:
        done.replaced.unlink()
    for old in home.warehouse_file.parent.glob("*.version-*.duckdb"):
        old.unlink()
    return Erased(calls, parts, quarantined, len(landing))


def forget_versions(settings: Settings) -> int:
    """Remove every published version but the current one; returns how many went."""
    current = settings.home.parquet.resolve().parent
    old = [folder for folder in current.parent.iterdir() if folder != current]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def _require_settled(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    waiting = connection.execute("select count(*) from ops.dirty_days").fetchone()
    if waiting and waiting[0]:
        raise SpanledgerError(
            "days wait to be built; run `spanledger run` first, so that only the erasure changes"
        )
    problems = runs.archive_landing(connection, settings).problems
    if problems:
        raise ArchiveError(
            f"{len(problems)} files are not archived, the database cannot be made anew without them: {problems[0]}; "
            "put the file back as it was. Nothing was erased"
        )


def _find(connection: duckdb.DuckDBPyConnection, whom: Whom) -> int:
    key = (whom.key or "").replace("~", "~0").replace("/", "~1")
    connection.execute(
        sql_text("erasing", "find_lines"), {"tenant": whom.tenant, "pointer": f"/{key}", "value": whom.value}
    )
    row = connection.execute("select count(*) from erased_lines").fetchone()
    return int(row[0]) if row else 0


def _erase_archive(connection: duckdb.DuckDBPyConnection, archive: Archive, whom: Whom) -> int:
    """Each part is replaced by itself: an erasure that died is finished by the next."""
    wanted = {str(day) for (day,) in connection.execute("select distinct day from erased_lines").fetchall()}
    count = 0
    for day, parts in archive.days().items():
        for part in parts if day in wanted else ():
            archive.work.mkdir(parents=True, exist_ok=True)
            written = archive.work / "erased.parquet"
            connection.execute(
                f"create or replace temp table rewritten as {sql_text('erasing', 'erase_lines')}",
                {
                    "paths": paths_of([part]),
                    "attributes": json.dumps({whom.key: None} if whom.key else {}),
                },
            )
            quoted = str(written).replace("'", "''")
            connection.execute(
                f"copy (from rewritten order by file_id, line) to '{quoted}' (format parquet, compression zstd)"
            )
            place(written, part.path)
            count += 1
    return count


def _erase_quarantined(file: Path, whom: Whom) -> int:
    """Refused lines have no cost: a line that names whom it is about goes."""
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not _is_about(line, whom)]
    if len(kept) < len(lines):
        partial = file.with_suffix(".part")
        with partial.open("wb") as out:
            out.writelines(kept)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    return len(lines) - len(kept)


def _names(path: Path, whom: Whom) -> bool:
    """Whether a landing file names them; one that is compressed cannot be looked into and goes with its archive."""
    if not path.is_file():
        return False
    if path.suffix in {".gz", ".zst"}:
        return True
    with path.open("rb") as file:
        return any(_is_about(line, whom) for line in file)


def _is_about(line: bytes, whom: Whom) -> bool:
    if whom.words.encode() in line:
        return True
    try:
        return any(whom.words in text for text in _texts(json.loads(line)))
    except (ValueError, RecursionError):
        return False


def _texts(value: Any) -> list[str]:
    """Every text in a record, also in the JSON that is a text itself."""
    match value:
        case dict():
            return [text for key, inner in value.items() for text in (key, *_texts(inner))]
        case list():
            return [text for inner in value for text in _texts(inner)]
        case str() if value.startswith(("{", "[")):
            try:
                return _texts(json.loads(value))
            except (ValueError, RecursionError):
                return [value]
        case str():
            return [value]
    return []
