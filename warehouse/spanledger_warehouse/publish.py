"""Publishes the marts: a new version is a copy of the last with what changed replaced, put in place by rename.

published/spanledger.duckdb           the current version, a regular file (readers keep the inode they opened)
published/parquet                     the same tables as Parquet, a link to the current version's folder
published/versions/<version>/         the last few versions
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from spanledger_warehouse.build import column_types, contiguous, touched_days
from spanledger_warehouse.database import STORAGE_VERSION
from spanledger_warehouse.models import Model, discover
from spanledger_warehouse.reading.published import Publication
from spanledger_warehouse.settings import Home

KEPT_VERSIONS = 3
# Beside every mart: what `explain`, exports and auditors read.
EXTRA_TABLES = ("ledger.cost_lines", "pricing.prices", "pricing.units")
CATALOG = "publication"
# Which run wrote a row, and when, is no news by itself.
_NO_NEWS = {"version", "run_id", "published_at", "checked_at"}


def published_models() -> list[Model]:
    """The models whose tables are published."""
    return [model for name, model in discover().items() if model.schema == "marts" or name in EXTRA_TABLES]


def publish(
    connection: duckdb.DuckDBPyConnection, home: Home, publication: Publication, days: Sequence[date]
) -> bool:
    """Write a new version and switch to it. Readers see the old one or the new one, never a mixture.

    Args:
        connection: the warehouse.
        home: the folders.
        publication: described in `ops.publication` of the file.
        days: the days that changed since the last version.

    Returns:
        Whether there is a new version; without any news the last one stays.
    """
    folder = home.published / "versions" / publication.version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "spanledger.duckdb"
    is_copy = _copy_last(connection, home, file)
    news = _write_database(connection, file, publication, days)
    if is_copy and home.parquet.is_dir() and not days and not news:
        shutil.rmtree(folder)
        return False
    _sync(file)
    _write_parquet(connection, home.parquet, folder / "parquet", days, news)
    _switch(home, folder)
    _expire(home.published / "versions", keep=publication.version)
    return True


def _copy_last(connection: duckdb.DuckDBPyConnection, home: Home, file: Path) -> bool:
    """Start from the published file, if it is what this warehouse published last: of another nothing may stay."""
    if not home.published_file.is_file():
        return False
    shutil.copyfile(home.published_file, file)
    last = connection.execute(
        "select run_id from ops.runs where status = 'published' order by started_at desc limit 1"
    ).fetchone()
    try:
        connection.execute(f"attach '{_quoted(file)}' as {CATALOG} (read_only)")
        try:
            found = connection.execute(f"select run_id from {CATALOG}.ops.publication").fetchone()
        finally:
            connection.execute(f"detach {CATALOG}")
    except duckdb.Error:  # damaged, or not ours at all
        found = None
    if last is None or found != last:
        file.unlink()
    return file.is_file()


def _write_database(
    connection: duckdb.DuckDBPyConnection, file: Path, publication: Publication, days: Sequence[date]
) -> set[str]:
    """Returns the names of the tables that were written whole, because something in them is new."""
    news: set[str] = set()
    connection.execute(f"attach '{_quoted(file)}' as {CATALOG} (storage_version '{STORAGE_VERSION}')")
    try:
        for model in published_models():
            connection.execute(f"create schema if not exists {CATALOG}.{model.schema}")
            if _copy_table(connection, model, days):
                news.add(model.full_name)
        if _describe(connection, publication):
            news.add("ops.publication")
        connection.execute(f"checkpoint {CATALOG}")
    finally:
        connection.execute(f"detach {CATALOG}")
    return news


def _copy_table(connection: duckdb.DuckDBPyConnection, model: Model, days: Sequence[date]) -> bool:
    target = f"{CATALOG}.{model.full_name}"
    column = model.day_column
    same_shape = _same_shape(connection, model, target)
    if same_shape and column is None and not _has_news(connection, model.full_name, target):
        return False
    if column is None or not same_shape:
        connection.execute(f"create or replace table {target} as from {model.full_name}")
        return True
    for first, last in contiguous(touched_days(model, days)):
        connection.execute(f"delete from {target} where {column} between ? and ?", [first, last])
        connection.execute(
            f"insert into {target} by name select * from {model.full_name} where {column} between ? and ?",
            [first, last],
        )
    return False


def _same_shape(connection: duckdb.DuckDBPyConnection, model: Model, target: str) -> bool:
    exists = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?",
        [CATALOG, model.schema, model.name],
    ).fetchone()
    if not exists:
        return False
    return column_types(connection, target) == column_types(connection, model.full_name)


def _has_news(connection: duckdb.DuckDBPyConnection, table: str, published: str) -> bool:
    columns = ", ".join(name for name in column_types(connection, table) if name not in _NO_NEWS)
    new, old = f"select {columns} from {table}", f"select {columns} from {published}"
    differing = f"(({new}) except all ({old})) union all (({old}) except all ({new}))"
    return connection.execute(f"select 1 from ({differing}) limit 1").fetchone() is not None


def _describe(connection: duckdb.DuckDBPyConnection, publication: Publication) -> bool:
    """Returns whether the version says anything new of itself but its name and time."""
    values = dict(vars(publication))
    instants = {"published_at", "complete_through"}
    columns = (
        f"cast(${name} as timestamp) as {name}" if name in instants else f"${name} as {name}"
        for name in values
    )
    connection.execute(f"create or replace temp table publication_now as select {', '.join(columns)}", values)
    target = f"{CATALOG}.ops.publication"
    connection.execute(f"create schema if not exists {CATALOG}.ops")
    connection.execute(f"create table if not exists {target} as from publication_now limit 0")
    same_shape = column_types(connection, target) == column_types(connection, "publication_now")
    news = not same_shape or _has_news(connection, "publication_now", target)
    connection.execute(f"create or replace table {target} as from publication_now")
    return news


def _write_parquet(
    connection: duckdb.DuckDBPyConnection, current: Path, target: Path, days: Sequence[date], news: set[str]
) -> None:
    is_flat = not any(current.glob("*/*/*/"))  # earlier releases had a folder a day, which pandas cannot read
    if current.is_dir() and is_flat:
        shutil.copytree(current, target, copy_function=os.link)
    for model in published_models():
        folder = target / model.schema / model.name
        if model.day_column is None:
            if model.full_name not in news and folder.is_dir():
                continue
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _copy_to(connection, f"from {model.full_name}", folder / "data.parquet")
            continue
        rewritten = touched_days(model, days)
        if model.full_name in news or not folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            rows = connection.execute(
                f"select distinct {model.day_column} from {model.full_name} order by all"
            ).fetchall()
            rewritten = [row[0] for row in rows]
        folder.mkdir(parents=True, exist_ok=True)
        for day in rewritten:
            _replace_day(connection, model, folder / f"{day}.parquet", day)


def _replace_day(connection: duckdb.DuckDBPyConnection, model: Model, file: Path, day: date) -> None:
    file.unlink(missing_ok=True)
    selection = f"from {model.full_name} where {model.day_column} = date '{day}'"
    if connection.execute(f"select 1 {selection} limit 1").fetchone():
        _copy_to(connection, f"select * {selection}", file)


def _copy_to(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    connection.execute(f"copy ({query}) to '{_quoted(file)}' (format parquet, compression zstd)")


def _switch(home: Home, folder: Path) -> None:
    """Put the new version in place: a hard link renamed over the file, a link renamed over the Parquet folder."""
    partial = home.published / ".spanledger.duckdb.new"
    partial.unlink(missing_ok=True)
    os.link(folder / "spanledger.duckdb", partial)
    partial.replace(home.published_file)
    link = home.published / ".parquet.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions") / folder.name / "parquet", target_is_directory=True)
    link.replace(home.parquet)


def _expire(versions: Path, *, keep: str) -> None:
    names = sorted(entry.name for entry in versions.iterdir() if entry.is_dir())
    for name in names[:-KEPT_VERSIONS]:
        if name != keep:
            shutil.rmtree(versions / name, ignore_errors=True)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
