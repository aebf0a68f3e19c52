"""The seeds as they were known at a commit or at an instant: the second clock of every price, next to its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import try_git
from spanledger_warehouse.seeds.private import split_commit, with_private
from spanledger_warehouse.seeds.source import (
    SeedFiles,
    checkout,
    default_ref,
    locate,
    read_seeds,
    resolve_commit,
)
from spanledger_warehouse.settings import Settings

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def read_seeds_as_known(settings: Settings, at: str) -> SeedFiles:
    """The configured seeds as they were known then; those of a private repository, if there is one, of the same time.

    Args:
        settings: where the seeds are.
        at: a commit, branch or tag of the seeds repository, the `seeds_commit` of a run, or an instant (ISO 8601,
            UTC where it names no zone): the last commit of the branch that was there by then.

    Raises:
        SeedError: the seeds have no history, or none that reaches back so far; in words.
    """
    source = settings.seeds_source or checkout()
    if source is None:
        raise SeedError(
            "the seeds shipped with a release have no history to go back in; set seeds.source to a clone of a seeds "
            "repository (`spanledger prices init` makes one)"
        )
    public_at, private_at = split_commit(at)
    commit = _commit_at(source, settings.seeds_ref, public_at)
    seeds = read_seeds(source, commit)
    if settings.private_source is None:
        return seeds
    private_at = private_at or _committed_at(source, commit)
    private = read_seeds(
        settings.private_source, _commit_at(settings.private_source, settings.private_ref, private_at)
    )
    return with_private(seeds, private)


def _commit_at(source: Path, ref: str | None, at: str) -> str:
    repository, _ = locate(source.expanduser())
    if not _INSTANT.fullmatch(at):
        return resolve_commit(repository, at)
    branch = ref or default_ref(repository)
    commit = try_git(repository, "rev-list", "-1", "--first-parent", f"--before={_instant(at)}", branch, "--")
    if commit:
        return commit
    if try_git(repository, "rev-parse", "--is-shallow-repository") == "true":
        raise SeedError(f"the clone {repository} is shallow; fetch its history with `git fetch --unshallow`")
    raise SeedError(
        f"{branch} of {repository} has no commit as early as {at}; name a later instant, or a commit"
    )


def _committed_at(source: Path, commit: str) -> str:
    repository, _ = locate(source.expanduser())
    return try_git(repository, "show", "--no-patch", "--format=%cI", commit) or ""


def _instant(at: str) -> str:
    try:
        instant = datetime.fromisoformat(at)
    except ValueError as error:
        raise SeedError(f"{at!r} is neither a commit nor an instant such as 2026-09-01T00:00:00Z") from error
    # Whole seconds in UTC: git reads other forms by the clock and the zone of this machine.
    return (
        (instant if instant.tzinfo else instant.replace(tzinfo=UTC))
        .astimezone(UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
    )
