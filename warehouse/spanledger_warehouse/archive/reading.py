"""Loads the archive into an empty warehouse, through the loader's own statements: the records are read anew."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from spanledger_warehouse.archive.layout import Archive, paths_of
from spanledger_warehouse.build import column_types, transaction
from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import ArchiveError
from spanledger_warehouse.landing.batch import KINDS, prepare_session


def restore_archive(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    *,
    on_day: Callable[[int, int], None] | None = None,
) -> int:
    """Load every archived file and record; returns the number of records.

    Args:
        connection: a warehouse without records, for writing.
        archive: what to read.
        on_day: called after each day with the days done and the days in all.

    Raises:
        ArchiveError: a part cannot be read, or a file's records are not all there, word for word.
    """
    parts = archive.file_parts()
    if not parts:
        return 0
    days = archive.days()
    try:
        with transaction(connection):
            connection.execute(
                "create or replace temp table archived_files as "
                "select * from read_parquet(?, union_by_name = true)",
                [paths_of(parts)],
            )
            _insert_files(connection)
            prepare_session(connection)
            for done, (_, records) in enumerate(days.items(), start=1):
                _insert_records(connection, paths_of(records))
                if on_day is not None:
                    on_day(done, len(days))
            _require_whole(connection, [path for records in days.values() for path in paths_of(records)])
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise ArchiveError(
            f"the archive at {archive.root} cannot be read: {error}; restore the part from a backup"
        ) from error
    row = connection.execute("select coalesce(sum(archived_lines), 0) from archived_files").fetchone()
    return int(row[0]) if row else 0


def _insert_files(connection: duckdb.DuckDBPyConnection) -> None:
    """The rows of the files, and of the lines that were refused; columns that a release added stay empty."""
    found = column_types(connection, "archived_files")
    columns = ", ".join(name for name in column_types(connection, "raw.files") if name in found)
    connection.execute(f"insert into raw.files by name select {columns} from archived_files order by file_id")
    connection.execute(
        "create or replace temp table archived_rejects as "
        "select unnest(rejects, max_depth := 2) from archived_files where rejects is not null"
    )
    found = column_types(connection, "archived_rejects")
    columns = ", ".join(name for name in column_types(connection, "raw.rejects") if name in found)
    if columns:
        connection.execute(f"insert into raw.rejects by name select {columns} from archived_rejects")
    connection.execute("insert into ops.archived_files select file_id, 0 from archived_files")


def _insert_records(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    connection.execute(
        "create or replace temp table archived_lines as "
        "select * from read_parquet(?, union_by_name = true, hive_partitioning = false)",
        [paths],
    )
    connection.execute(
        "create or replace temp table landing_lines as select file_id, line, body from archived_lines"
    )
    connection.execute(sql_text("landing", "parse_records"))
    for kind in KINDS:
        connection.execute(sql_text("landing", f"insert_{kind}"))
    # Copies of a call are told apart by the hash of the line as it came, also after something was erased from it.
    connection.execute(
        "update raw.spans set content_hash = e.erased_hash from archived_lines as e "
        "where e.erased_hash is not null and raw.spans.file_id = e.file_id and raw.spans.line = e.line"
    )


def _require_whole(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """Every file has the lines that were archived of it, and each was accepted again."""
    connection.execute(
        "create or replace temp table archived_digests as "
        + (
            "select 0::bigint as file_id, 0::bigint as archived_lines, '' as digest where false"
            if not paths
            else "select file_id, count(*) as archived_lines, "
            "cast(bit_xor(md5_number(line || ' ' || coalesce(erased_hash, md5(body)))) as varchar) as digest "
            "from read_parquet($paths, union_by_name = true, hive_partitioning = false) group by file_id"
        ),
        {"paths": paths} if paths else None,
    )
    damaged = connection.execute(sql_text("archive", "damaged_files")).fetchall()
    if damaged:
        path, wanted, found, loaded = damaged[0]
        raise ArchiveError(
            f"the archive does not hold what it says: of {path}, {wanted} records were archived, {found} are there, "
            f"{loaded} could be loaded{', and their text differs' if found == wanted == loaded else ''} "
            f"({len(damaged)} files in all); restore the parts from a backup"
        )
