"""A second repository, for what not everybody who may read prices may read: contracts, tenants, budgets.

Its files stand below `private/` among the seeds, and its commit behind that of the prices: `<commit>+private-<commit>`.
"""

from dataclasses import replace
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.source import UNCOMMITTED, SeedFiles, digest_of
from spanledger_warehouse.seeds.vendor import PRIVATE

FILES = ("adjustments.csv", "attribution.csv", "budgets.csv", "defaults.csv", "tenants.csv")
_MARK = "+private-"


def with_private(seeds: SeedFiles, private: SeedFiles) -> SeedFiles:
    """The seeds of both repositories as one set; each keeps its own commit and history.

    Raises:
        SeedError: the private repository holds what belongs into the other one.
    """
    foreign = sorted(file for file in private.files if file.endswith(".csv") and file not in FILES)
    if foreign:
        raise SeedError(
            f"the private seeds {private.source} hold {', '.join(foreign[:5])}; only {', '.join(FILES)} may live "
            "apart from the prices: move the others to the repository of prices (seeds.source)"
        )
    files = {**seeds.files, **{f"{PRIVATE}{file}": content for file, content in private.files.items()}}
    return replace(
        seeds,
        files=files,
        state=UNCOMMITTED if private.state == UNCOMMITTED else seeds.state,
        commit=f"{seeds.commit}{_MARK}{private.commit}",
        source=f"{seeds.source} and {private.source}",
        digest=digest_of(files),
        private=private,
    )


def split_commit(commit: str) -> tuple[str, str | None]:
    """The commits of both repositories, from the name that stands for them in runs and reports."""
    public, _, private = commit.partition(_MARK)
    return public, private or None


def is_private(folder: Path) -> bool:
    """Whether a folder holds what a private repository does, and no prices."""
    if any((folder / name).exists() for name in ("units.csv", "prices", "vendor")):
        return False
    return any((folder / name).is_file() for name in FILES)
