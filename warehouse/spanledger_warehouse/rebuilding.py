"""Makes the warehouse anew from the archive: the last resort, whatever became of the database, and of any version.

The new database is made beside the old one and takes its place when it is whole. It holds the records and says that
every day is to be built; the next run does that, and loads what was not archived yet. What a rebuild moves is said in
`marts.restatements`, like any other change: the published file tells what each day cost before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from spanledger_warehouse import pending
from spanledger_warehouse.archive.layout import Archive
from spanledger_warehouse.archive.reading import restore_archive
from spanledger_warehouse.archive.writing import archive_loaded
from spanledger_warehouse.build import column_types, create_loaded
from spanledger_warehouse.database import connect, open_database, prepare, sql_text
from spanledger_warehouse.errors import DatabaseError, SpanledgerError
from spanledger_warehouse.manifest import manifest_of
from spanledger_warehouse.settings import Home, Settings

# What cannot be derived from records and seeds: the history of the warehouse itself.
_HISTORY = ("ops.runs", "marts.restatements")
_OLD, _PUBLISHED = "old", "published"


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did.

    Attributes:
        records: records read from the archive.
        kept_files: files whose records were only in the old database, and were taken from there.
        days: days that the next run builds.
        problem: why nothing could be taken from the old database; None when it could be read.
        replaced: the old database, kept until the next rebuild; None when there was none.
    """

    records: int
    kept_files: tuple[str, ...]
    days: int
    problem: str | None
    replaced: Path | None


def rebuild(
    settings: Settings, *, run_id: str, now: datetime, on_day: Callable[[int, int], None] | None = None
) -> Rebuilt:
    """Make the database anew and put it in the place of the old one.

    Args:
        settings: of the warehouse.
        run_id: noted with the days to build.
        now: time of the run, naive UTC.
        on_day: called after each day of the archive with the days done and the days in all.

    Raises:
        ArchiveError: the archive is damaged; the old database stays.
        SpanledgerError: another process holds the database.
    """
    home = settings.home
    _archive_the_rest(settings)
    new = home.warehouse_file.with_name("warehouse.rebuild.duckdb")
    new.parent.mkdir(parents=True, exist_ok=True)
    _remove(new)
    connection = open_database(new)
    try:
        prepare(connection, memory_limit=settings.memory_limit)
        create_loaded(connection)
        records = restore_archive(connection, Archive(home.archive), on_day=on_day)
        problem = _attach(connection, home.warehouse_file, _OLD)
        kept: tuple[str, ...] = ()
        if problem is None:
            kept = _keep_unarchived(connection)
            _keep_history(connection)
        days = _leave_to_next_run(connection, home, run_id, now)
        connection.execute("force checkpoint")
    finally:
        connection.close()
    return Rebuilt(records, kept, days, problem, _take_place(new, home.warehouse_file, settings))


def _archive_the_rest(settings: Settings) -> None:
    """Archive what was loaded, if the database is one that can be asked."""
    if settings.home.warehouse_file.is_file():
        try:
            with connect(settings) as connection:
                archive_loaded(connection, Archive(settings.home.archive))
        except (DatabaseError, duckdb.Error):
            return  # that is why it is rebuilt


def _attach(connection: duckdb.DuckDBPyConnection, file: Path, name: str) -> str | None:
    """Attach a database for reading; why it cannot be read, if so."""
    if not file.is_file():
        return f"{file} is not there"
    try:
        connection.execute(f"attach '{_quoted(file)}' as {name} (read_only)")
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise SpanledgerError(f"{file} is in use by another process; wait for its run to end") from error
        return str(error)
    return None


def _keep_unarchived(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Take records that are neither archived nor in the landing zone any more from the old database."""
    rows = connection.execute(
        f"select file_id, path from {_OLD}.raw.files where sha256 not in (select f.sha256 from raw.files as f) "
        "order by file_id"
    ).fetchall()
    gone = [(file_id, path) for file_id, path in rows if not Path(path).is_file()]
    for table in ("files", "spans", "losses", "segments", "rejects"):
        columns = _shared_columns(connection, f"raw.{table}", f"{_OLD}.raw.{table}")
        connection.execute(
            f"insert into raw.{table} by name select {columns} from {_OLD}.raw.{table} "
            "where list_contains(cast(? as bigint []), file_id)",
            [[file_id for file_id, _ in gone]],
        )
    return tuple(path for _, path in gone)


def _keep_history(connection: duckdb.DuckDBPyConnection) -> None:
    for table in _HISTORY:
        columns = _shared_columns(connection, table, f"{_OLD}.{table}")
        connection.execute(f"insert into {table} by name select {columns} from {_OLD}.{table}")
    # The next version is written whole: nothing of the published file may pass for a result of this database.
    connection.execute("update ops.runs set status = 'replaced' where status in ('published', 'unchanged')")


def _leave_to_next_run(connection: duckdb.DuckDBPyConnection, home: Home, run_id: str, now: datetime) -> int:
    detail = f"{now:%Y-%m-%d %H:%M}"
    pending.mark_every_day(connection, cause="rebuild", detail=detail, run_id=run_id)
    if _attach(connection, home.published_file, _PUBLISHED) is None:
        rows = connection.execute(
            f"select distinct day from {_PUBLISHED}.marts.daily_costs "
            "where day not in (select d.day from ops.dirty_days as d)"
        ).fetchall()  # days of which nothing is left are to be emptied
        pending.mark_days(connection, [day for (day,) in rows], cause="rebuild", detail=detail, run_id=run_id)
        connection.execute(sql_text("runs", "keep_published_days"))
        columns = _shared_columns(connection, "marts.restatements", f"{_PUBLISHED}.marts.restatements")
        connection.execute(
            f"insert into marts.restatements by name select {columns} from {_PUBLISHED}.marts.restatements as p "
            "anti join marts.restatements as r using (run_id, tenant_id, day)"
        )
    return len(pending.dirty_days(connection))


def _shared_columns(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> str:
    theirs = column_types(connection, other)
    return ", ".join(name for name in column_types(connection, one) if name in theirs)


def _take_place(new: Path, database: Path, settings: Settings) -> Path | None:
    """Whenever this dies, either database is there whole, or the next open says that a rebuild has to be done."""
    replaced = database.with_name("warehouse.replaced.duckdb")
    if database.is_file():
        _remove(replaced)
        log = _log_of(database)
        if log.is_file():  # it belongs to the old one only
            log.replace(_log_of(replaced))
        replaced.hardlink_to(database)
    new.replace(database)
    manifest_of(database).unlink(missing_ok=True)
    with connect(settings):
        pass  # writes the manifest
    return replaced if replaced.is_file() else None


def _remove(database: Path) -> None:
    database.unlink(missing_ok=True)
    _log_of(database).unlink(missing_ok=True)


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
