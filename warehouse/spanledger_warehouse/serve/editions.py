"""Follows the published file: one pinned version per request, and the databases that requests of it read.

A version is pinned by a link of our own, so that its bytes stay while somebody reads them, whatever is published or
expired meanwhile. A request holds one edition from beginning to end: no answer mixes two.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.reading.published import Publication, publication
from spanledger_warehouse.serve import tenant_copy
from spanledger_warehouse.serve.folders import ServerFolder
from spanledger_warehouse.serve.locking import open_locked
from spanledger_warehouse.serve.scopes import Scope

log = logging.getLogger("spanledger.serve")

FILE_NAME = "spanledger.duckdb"
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Limits:
    """What one server may hold.

    Attributes:
        memory: DuckDB's limit for the whole published file, such as `4GB`; None = DuckDB's default.
        tenant_memory: the same for the database of one set of tenants.
        open_databases: databases of tenants that stay open; the one not asked for longest goes first.
    """

    memory: str | None = None
    tenant_memory: str = "512MB"
    open_databases: int = 64


class Edition:
    """One published version and the databases made of it.

    Args:
        folder: holds our link to the version; removed with the edition.
        stamp: what the published file looked like, to see another one come.
        limits: what may be held.
    """

    def __init__(self, folder: Path, stamp: Stamp, limits: Limits) -> None:
        self.stamp = stamp
        self._folder = folder
        self._limits = limits
        self._lock = threading.Lock()
        self._open: OrderedDict[str, duckdb.DuckDBPyConnection] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}
        self._readers = 0
        self._retired = False
        self._whole = open_locked(folder / FILE_NAME, memory_limit=limits.memory, threads=None)
        self.publication: Publication = publication(self._whole)

    @contextmanager
    def marts(self, scope: Scope) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database of the marts of this scope, without single calls. Nobody else's rows are in it."""

        def make() -> duckdb.DuckDBPyConnection:
            try:
                return tenant_copy.copy_to_memory(
                    self._folder / FILE_NAME, scope.names, memory_limit=self._limits.tenant_memory
                )
            except duckdb.OutOfMemoryException:  # a tenant as large as that is read from its file
                return self._open_file(scope)

        with self._cursor(scope, "marts", make) as cursor:
            yield cursor

    @contextmanager
    def calls(self, scope: Scope) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database of everything published about this scope, single calls and cost lines included."""
        with self._cursor(scope, "calls", lambda: self._open_file(scope)) as cursor:
            yield cursor

    def _open_file(self, scope: Scope) -> duckdb.DuckDBPyConnection:
        return open_locked(self.file(scope), memory_limit=self._limits.tenant_memory, threads=1)

    def file(self, scope: Scope) -> Path:
        """The database file of this scope, made when it is first asked for."""
        if scope.is_everybody:
            return self._folder / FILE_NAME
        file = self._folder / scope.key / FILE_NAME
        with self._one_maker(f"file {scope.key}"):
            if not file.exists():
                file.parent.mkdir(mode=0o700, exist_ok=True)
                tenant_copy.write_file(self._folder / FILE_NAME, scope.names, file)
        return file

    def enter(self) -> None:
        """Somebody reads this edition."""
        with self._lock:
            self._readers += 1

    def leave(self) -> None:
        """Somebody reads it no more; the last reader of a retired edition closes it."""
        with self._lock:
            self._readers -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Another edition has come; this one goes when nobody reads it."""
        with self._lock:
            self._retired = True
        self._close_if_unused()

    @contextmanager
    def _cursor(
        self, scope: Scope, kind: str, make: Callable[[], duckdb.DuckDBPyConnection]
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._whole.cursor() if scope.is_everybody else self._walled(f"{kind} {scope.key}", make)
        try:
            yield cursor
        finally:
            cursor.close()

    def _walled(self, key: str, make: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
        """A cursor of its own on the database of a scope; taken under the lock, so nobody closes it in between."""
        cursor = self._known(key)
        if cursor is not None:
            return cursor
        with self._one_maker(key):
            cursor = self._known(key)
            if cursor is not None:
                return cursor
            made = make()
            with self._lock:
                self._open[key] = made
                if len(self._open) > self._limits.open_databases:
                    self._open.popitem(last=False)[1].close()
                return made.cursor()

    def _known(self, key: str) -> duckdb.DuckDBPyConnection | None:
        with self._lock:
            found = self._open.get(key)
            if found is None:
                return None
            self._open.move_to_end(key)
            return found.cursor()

    def _one_maker(self, key: str) -> threading.Lock:
        with self._lock:
            return self._making.setdefault(key, threading.Lock())

    def _close_if_unused(self) -> None:
        with self._lock:
            if not self._retired or self._readers:
                return
            for connection in (self._whole, *self._open.values()):
                connection.close()
            self._open.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


class Editions:
    """The current edition of a published file, exchanged for the next as soon as one is published.

    Args:
        published_file: what a run publishes.
        parent: folder for what servers of this home keep; on the same disk, so that pinning is a link.
        limits: what may be held.
    """

    def __init__(self, published_file: Path, parent: Path, limits: Limits | None = None) -> None:
        self._file = published_file
        self._limits = limits or Limits()
        self._folder = ServerFolder(parent)
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._number = 0
        self._refused: Stamp | None = None
        self._current: Edition | None = None

    @contextmanager
    def current(self) -> Iterator[Edition]:
        """The edition that holds for one request.

        Raises:
            PublishedError: nothing has been published yet, or it cannot be read.
        """
        self._follow()
        with self._lock:
            edition = self._current
            if edition is None:
                raise PublishedError(f"{self._file} does not exist yet; make it with: spanledger run")
            edition.enter()
        try:
            yield edition
        finally:
            edition.leave()

    def close(self) -> None:
        """Close what is open and remove the folder."""
        with self._lock:
            edition, self._current = self._current, None
        if edition is not None:
            edition.retire()
        self._folder.close()

    def _follow(self) -> None:
        """Open the next version if there is one. While one request opens it, others go on with what they have."""
        if not self._is_stale() or not self._opening.acquire(blocking=self._current is None):
            return
        try:
            if self._is_stale():
                self._open_next()
        finally:
            self._opening.release()

    def _is_stale(self) -> bool:
        current = self._current
        try:
            found = _stamp(self._file.stat())
        except FileNotFoundError:
            return False
        return found not in {self._refused, current.stamp if current else None}

    def _open_next(self) -> None:
        self._number += 1
        folder = self._folder.path / f"edition-{self._number}"
        folder.mkdir(mode=0o700)
        stamp = _pin(self._file, folder / FILE_NAME)
        try:
            edition = Edition(folder, stamp, self._limits)
        except (duckdb.Error, PublishedError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            if self._current is None:
                raise PublishedError(
                    f"{self._file} cannot be read: {error}; publish it anew with: spanledger run"
                ) from error
            self._refused = stamp
            log.error("the new published file cannot be read, the last version stays: %s", error)
            return
        with self._lock:
            last, self._current = self._current, edition
        log.info("serving version %s", edition.publication.version)
        if last is not None:
            last.retire()


def _pin(source: Path, target: Path) -> Stamp:
    """Keep the bytes that are published now, by a link where the disk allows one, else by a copy."""
    try:
        os.link(source, target)
    except OSError:
        with source.open("rb") as opened, target.open("wb") as copy:
            shutil.copyfileobj(opened, copy)
            return _stamp(os.fstat(opened.fileno()))
    return _stamp(target.stat())


def _stamp(status: os.stat_result) -> Stamp:
    return (status.st_ino, status.st_mtime_ns, status.st_size)
