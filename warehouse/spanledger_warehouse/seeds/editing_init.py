"""An organisation's own seeds repository: the release's catalogue below `vendor/`, its own rows beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from spanledger_warehouse.seeds.catalogue import parse
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.editing_commit import commit_files, require_clean
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import run_git
from spanledger_warehouse.seeds.rows import FILES
from spanledger_warehouse.seeds.source import PACKAGED, UNCOMMITTED, SeedFiles, digest_of
from spanledger_warehouse.seeds.tables import columns_of
from spanledger_warehouse.seeds.vendor import VENDOR

# Whatever else a release ships says nothing about an organisation.
_CATALOGUE = (
    "checks.csv",
    "evidence_hosts.csv",
    "fx_rates.csv",
    "holidays.csv",
    "model_aliases.csv",
    "rules.csv",
    "units.csv",
    "windows.csv",
)
_OWN = ("adjustments.csv", "attribution.csv", "budgets.csv", "defaults.csv", "periods.csv", "tenants.csv")
_README = """\
# Price seeds

Prices of our own are in `prices/`, the catalogue of Spanledger in `vendor/`. Own rows win. Do not edit `vendor/`:
`spanledger prices update` brings a new release's catalogue as one commit.

    spanledger prices set MODEL UNIT PRICE --from INSTANT --evidence URL --reason TEXT
    spanledger prices check --base origin/main

Runs price from the commit that `seeds.source` in `spanledger.toml` names.
"""


@dataclass(frozen=True, slots=True)
class Updated:
    """What a new catalogue brought."""

    commit: str | None  # None: nothing is new
    prices: int  # new price rows
    files: tuple[str, ...]


def init(folder: Path, snapshot: SeedFiles) -> str:
    """Make a repository of seeds in a new or empty folder; its first commit.

    Raises:
        SeedError: the folder is not empty, or git refuses; in words.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SeedError(f"{folder} is not empty; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    run_git(folder, "init", "--quiet", "--initial-branch=main")
    own = {name: f"{','.join(columns_of(FILES[name]))}\n".encode() for name in _OWN}
    files = {**own, **_vendored(snapshot), "README.md": _README.encode(), "allowed_signers": b""}
    _write(folder, files)
    run_git(folder, "add", "--all")
    text = _message(f"Begin with the catalogue of {_named(snapshot)}", snapshot)
    run_git(folder, "commit", "--quiet", "--file=-", standard_input=text.encode())
    return run_git(folder, "rev-parse", "HEAD").decode().strip()


def update(source: SeedFiles, snapshot: SeedFiles) -> Updated:
    """Bring a release's catalogue into `vendor/`, as one commit.

    Args:
        source: the organisation's seeds, as they lie in the folder.
        snapshot: the catalogue of the installed release.

    Raises:
        SeedError: the seeds have other changes, have no `vendor/`, or would not pass the check; nothing was changed.
    """
    require_clean(source)
    if not any(file.startswith(VENDOR) for file in source.files):
        raise SeedError(
            f"{source.source} has no vendor/ folder; `spanledger prices init` makes a repository with one"
        )
    vendored = _vendored(snapshot)
    changed = {file: content for file, content in vendored.items() if source.files.get(file) != content}
    if not changed:
        return Updated(None, 0, ())
    files = {**source.files, **changed}
    after = replace(source, files=files, state=UNCOMMITTED, digest=digest_of(files))
    errors = [finding for finding in check(after) if finding.is_error]
    if errors:
        listed = "\n".join(f"  {finding}" for finding in errors)
        raise SeedError(
            f"nothing was written: the check refuses the catalogue of {_named(snapshot)}:\n{listed}"
        )
    commit = commit_files(
        source, changed, _message(f"Update to the catalogue of {_named(snapshot)}", snapshot)
    )
    known = {row.price_id for row in parse(source).prices}
    new = sum(row.price_id not in known for row in parse(after).prices)
    return Updated(commit, new, tuple(changed))


def _vendored(snapshot: SeedFiles) -> dict[str, bytes]:
    wanted = {
        file: content
        for file, content in snapshot.files.items()
        if file in _CATALOGUE or (file.startswith("prices/") and file.endswith(".csv"))
    }
    return {f"{VENDOR}{file}": content for file, content in wanted.items()}


def _named(snapshot: SeedFiles) -> str:
    """The catalogue in a subject: its release, or the first digits of its commit."""
    return snapshot.commit if snapshot.state == PACKAGED else snapshot.commit[:12]


def _message(subject: str, snapshot: SeedFiles) -> str:
    return (
        f"{subject}\n\nPrice-Change: the catalogue below vendor/\nReason: a release of Spanledger\n"
        f"Catalogue: {snapshot.commit}\nDigest: {snapshot.digest}\n"
    )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
