"""Opens the published file for reading, and says which version it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb

from spanledger_warehouse.database import sql_text
from spanledger_warehouse.errors import PublishedError

_SAID = re.compile(r"^-- (grain|mart|body): (.+)$", re.MULTILINE)
_KEYS = re.compile(r"/\* keys \*/.*?/\* end keys \*/", re.DOTALL)
_MART = re.compile(r"/\* mart \*/.*?/\* end mart \*/")


@dataclass(frozen=True)
class Publication:
    """The one row of `ops.publication`: which version this is, and from what.

    Attributes:
        version: name of the version; sorts by time.
        published_at: naive UTC.
        run_id, release: who made it.
        seeds_commit, seeds_state, seeds_source, seeds_digest: the prices it rests on.
        complete_through: instant up to which every known source had delivered (naive UTC).
    """

    version: str
    published_at: datetime
    run_id: str
    seeds_commit: str
    seeds_state: str
    seeds_source: str
    seeds_digest: str
    release: str
    complete_through: datetime | None

    @property
    def seeds(self) -> str:
        """The seeds in short: their commit (of packaged seeds: release and digest) and their state."""
        return f"{short_commit(self.seeds_commit)} ({self.seeds_state})"


def short_commit(commit: str) -> str:
    """A git commit cut to what people quote; other names of versions stay whole."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28}\b", r"\1", commit).removesuffix("+uncommitted")


@contextmanager
def open_published(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the published file.

    Raises:
        PublishedError: there is no published file yet, or it cannot be read.
    """
    if not path.is_file():
        raise PublishedError(
            f"{path} does not exist yet; make it with: spanledger run (or try: spanledger demo)"
        )
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise PublishedError(
            f"{path} cannot be read: {error}; publish it anew with: spanledger run"
        ) from error
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def publication(connection: duckdb.DuckDBPyConnection) -> Publication:
    """Which version the open file is."""
    row = answer(connection, "publication").fetchone()
    if row is None:
        raise PublishedError(
            "the published file has no row in ops.publication; publish it anew with: spanledger run"
        )
    return Publication(*row)


def answer(
    connection: duckdb.DuckDBPyConnection, name: str, **variables: object
) -> duckdb.DuckDBPyConnection:
    """Run `sql/reading/<name>.sql`; its variables are bound as values, never written into the statement."""
    for variable, value in variables.items():
        connection.execute(f"set variable {variable} = ?", [value])
    return connection.execute(statement(name))


@cache
def statement(name: str) -> str:
    """The statement of a question; one that names a `body` takes it over, with its own grain and mart."""
    text = sql_text("reading", name)
    said = dict(_SAID.findall(text))
    if "body" not in said:
        return text
    body = _KEYS.sub(said["grain"], sql_text("reading", said["body"]))
    return _MART.sub(said["mart"], body)
