"""Looks whether a run has anything to do, without building anything: new files, other seeds, another release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib import metadata, resources

from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import connect
from spanledger_warehouse.landing.discovery import candidates, listing
from spanledger_warehouse.seeds.private import with_private
from spanledger_warehouse.seeds.source import SeedFiles, read_seeds
from spanledger_warehouse.settings import Settings

_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Look:
    """Whether there is anything to do, found without building anything."""

    new_files: int
    seeds_changed: bool
    release_changed: bool
    unfinished: bool
    unarchived: bool = False

    @property
    def nothing_new(self) -> bool:
        """A run would change nothing."""
        return not (
            self.new_files or self.seeds_changed or self.release_changed or self.unfinished or self.unarchived
        )


def utc_now() -> datetime:
    """Now, naive UTC, as the warehouse keeps time."""
    return datetime.now(UTC).replace(tzinfo=None)


def release() -> str:
    """The installed release."""
    return metadata.version("spanledger")


@cache
def models_digest() -> str:
    """Changes when the statement of any model changes, not its comments: then every day has to be built again."""
    root = resources.files("spanledger_warehouse") / "sql"
    parts = []
    for folder in ("staging", "pricing", "ledger", "marts"):
        for file in sorted((root / folder).iterdir(), key=lambda entry: entry.name):
            text = file.read_text(encoding="utf-8")
            keys = "".join(line for line in text.splitlines() if line.startswith(("-- grain", "-- body")))
            parts.append(f"{folder}/{file.name} {keys} {' '.join(_COMMENT.sub('', text).split())}")
    return sha256("\n".join(parts).encode()).hexdigest()


def read_configured_seeds(settings: Settings, *, uncommitted: bool = False) -> SeedFiles:
    """The seeds that the settings name, at their commit; with those of the private repository, if there is one."""
    seeds = read_seeds(settings.seeds_source, settings.seeds_ref, allow_uncommitted=uncommitted)
    if settings.private_source is None:
        return seeds
    private = read_seeds(settings.private_source, settings.private_ref, allow_uncommitted=uncommitted)
    return with_private(seeds, private)


def look(settings: Settings, seeds: SeedFiles) -> Look:
    """Look whether a run has anything to do."""
    if not settings.home.warehouse_file.is_file() or not settings.home.published_file.is_file():
        return Look(0, seeds_changed=True, release_changed=True, unfinished=True)
    with connect(settings) as connection:
        create_loaded(connection)
        files = len(candidates(connection, (settings.home.spool, settings.home.landing)))
        last = connection.execute(
            "select seeds_digest, seeds_state, model_digest from ops.runs where status in ('published', 'unchanged') "
            "order by started_at desc limit 1"
        ).fetchone()
        dirty = connection.execute("select count(*) from ops.dirty_days").fetchone()
        waiting = connection.execute(
            "select 1 from raw.files anti join ops.archived_files using (file_id) limit 1"
        ).fetchone()
    return Look(
        new_files=files,
        seeds_changed=last is None or (last[0], last[1]) != (seeds.digest, seeds.state),
        release_changed=last is None or last[2] != models_digest(),
        unfinished=bool(dirty and dirty[0]),
        unarchived=waiting is not None,
    )


def what_is_new(settings: Settings, seeds: SeedFiles) -> str:
    """A digest of what a run would find: the files as they lie there, the seeds and the release."""
    home = settings.home
    files = "\n".join(
        f"{file.path} {file.bytes} {file.mtime_ns}" for file in listing((home.spool, home.landing))
    )
    return sha256(f"{files}\n{seeds.digest} {seeds.state}\n{models_digest()}".encode()).hexdigest()
