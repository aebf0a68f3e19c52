"""The settings that shut a DuckDB connection off from files, network, extensions and its own settings.

DuckDB draws no line between users of one database, so a wall is made of two parts: a database in which nobody else's
rows exist, and these settings, which keep a statement from reaching any other one.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

_SHUT = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}


def open_locked(file: Path, *, memory_limit: str | None, threads: int | None) -> duckdb.DuckDBPyConnection:
    """A read-only connection to a database file, from which nothing else can be reached.

    The path has to be one that this process opens once: DuckDB hands out the open database again for a path that it
    knows, even when another file has been renamed over it.
    """
    connection = duckdb.connect(str(file), read_only=True, config=_settings(memory_limit, threads))
    lock(connection)
    return connection


def open_memory(*, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, still open to the outside: fill it, then `lock` it."""
    return duckdb.connect(":memory:", config=_settings(memory_limit, threads))


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on no statement reaches a file, and no setting changes."""
    connection.execute("set global timezone = 'UTC'")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _settings(
    memory_limit: str | None, threads: int | None
) -> dict[str, str | bool | int | float | list[str]]:
    settings: dict[str, str | bool | int | float | list[str]] = dict(_SHUT)
    if memory_limit is not None:
        settings["memory_limit"] = memory_limit
    if threads is not None:
        settings["threads"] = threads
    return settings
