"""Where the seeds come from: a commit of a repository, a folder by permission, or what is in the wheel."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.git import run_git, try_git

COMMITTED = "committed"
UNCOMMITTED = "uncommitted"
PACKAGED = "packaged"
FOLDER = "pricing_seeds"
_SUFFIXES = (".csv", ".md")
_NAMES = ("allowed_signers",)


@dataclass(frozen=True, slots=True)
class SeedFiles:
    """The bytes of the seeds at one moment, and which moment that is."""

    files: Mapping[str, bytes]
    state: str  # committed, uncommitted or packaged
    commit: str  # git sha; packaged: release and digest; uncommitted: the commit below, with "+uncommitted"
    ref: str
    source: str
    digest: str
    repository: Path | None = None  # the git work tree, where there is one
    prefix: str = ""  # the seeds' folder inside it, "" or with a slash at the end
    private: "SeedFiles | None" = (
        None  # the second repository, whose files stand below private/; see `private`
    )


def read_seeds(
    source: Path | None = None, ref: str | None = None, *, allow_uncommitted: bool = False
) -> SeedFiles:
    """Read the seeds to price from.

    Args:
        source: the configured folder (a repository, or a folder inside one). It counts when given, and must
            be readable. None: the checkout this package is installed from, else the snapshot in the wheel.
        ref: what to read of a repository; None is its default branch, else HEAD.
        allow_uncommitted: read the folder as it is, committed or not.

    Raises:
        SeedError: nothing is guessed when the source cannot be read.
    """
    if source is None:
        found = checkout()
        if found is None:
            return _read_packaged()
        source = found
    folder = source.expanduser()
    if not folder.is_dir():
        raise SeedError(
            f"the seeds source {source} is not a folder; correct seeds.source or create the folder"
        )
    if allow_uncommitted:
        return _read_folder(folder)
    return _read_commit(folder, ref)


def checkout() -> Path | None:
    """The `pricing_seeds/` of the git work tree this package is installed from (editable), if any."""
    # warehouse/spanledger_warehouse/seeds/source.py → the root of the checkout
    root = Path(__file__).resolve().parents[3]
    folder = root / FOLDER
    if not folder.is_dir() or not (root / ".git").exists():
        return None
    return folder


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the sorted paths and contents; the length keeps neighbours apart."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path}\0{len(files[path])}\0".encode())
        total.update(files[path])
    return total.hexdigest()


def is_seed_file(path: str) -> bool:
    """Whether a file of the folder belongs to the seeds (editor leftovers and hidden files do not)."""
    name = path.rsplit("/", 1)[-1]
    return not name.startswith(".") and (name in _NAMES or name.endswith(_SUFFIXES))


def default_ref(repository: Path) -> str:
    """The branch that prices come from: the default branch here, else the remote's copy of it, else HEAD."""
    head = try_git(repository, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    named = [head.removeprefix("refs/remotes/origin/")] if head else []
    names = [*named, "main", "master"]
    candidates = [f"refs/heads/{name}" for name in names] + [f"refs/remotes/origin/{name}" for name in names]
    for candidate in candidates:
        if try_git(repository, "rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}"):
            return candidate.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return "HEAD"


def locate(folder: Path) -> tuple[Path, str]:
    """The git work tree that holds a folder, and the folder's path inside it ("" or ending in a slash).

    Raises:
        SeedError: the folder is in no git repository.
    """
    top = try_git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        _refuse_foreign(folder)
        reason = try_git(folder, "rev-parse", "--is-bare-repository")
        kind = "a bare repository" if reason == "true" else "not inside a git repository"
        raise SeedError(
            f"the seeds source {folder} is {kind}, and prices are taken from commits; "
            "clone the seeds repository there, or price the folder as it is with --uncommitted"
        )
    prefix = try_git(folder, "rev-parse", "--show-prefix") or ""
    return Path(top), prefix


def _refuse_foreign(folder: Path) -> None:
    """Git does not read a repository that belongs to somebody else; say so, and not that there is none."""
    try:
        run_git(folder, "rev-parse", "--show-toplevel")
    except SeedError as problem:
        if "dubious ownership" in str(problem):
            raise


def resolve_commit(repository: Path, ref: str) -> str:
    """The full id of the commit that a ref names.

    Raises:
        SeedError: no such ref, or no commit at all; in words.
    """
    commit = try_git(repository, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    if commit:
        return commit
    if try_git(repository, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise SeedError(
            f"the repository {repository} has no commit yet, and prices are taken from commits; "
            "commit the seeds, or price the folder as it is with --uncommitted"
        )
    shallow = try_git(repository, "rev-parse", "--is-shallow-repository") == "true"
    hint = (
        "this clone is shallow: fetch it with `git fetch --unshallow`"
        if shallow
        else "see `git branch --all`"
    )
    raise SeedError(f"the repository {repository} has no commit named {ref!r}; {hint}, or correct seeds.ref")


def _read_commit(folder: Path, ref: str | None) -> SeedFiles:
    repository, prefix = locate(folder)
    ref = ref or default_ref(repository)
    commit = resolve_commit(repository, ref)
    files = read_tree(repository, commit, prefix)
    if not files:
        inside = f"folder {prefix.rstrip('/')}" if prefix else "root folder"
        raise SeedError(
            f"commit {commit[:12]} ({ref}) of {repository} has no seed files in its {inside}; "
            "commit them there, or correct seeds.source or seeds.ref"
        )
    return SeedFiles(files, COMMITTED, commit, ref, str(folder), digest_of(files), repository, prefix)


def read_tree(repository: Path, commit: str, prefix: str) -> dict[str, bytes]:
    """The seed files below a folder of a commit, by their path in it, as they were committed."""
    listing = run_git(repository, "ls-tree", "-r", "-z", "--full-tree", commit, *([prefix] if prefix else []))
    blobs: dict[str, str] = {}
    for entry in listing.decode("utf-8", errors="replace").split("\0"):
        meta, _, name = entry.partition("\t")
        path = name.removeprefix(prefix)
        if meta.split(" ")[1:2] == ["blob"] and is_seed_file(path):
            blobs[path] = meta.split(" ")[2]
    wanted = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    answer = run_git(repository, "cat-file", "--batch", standard_input=wanted)
    files: dict[str, bytes] = {}
    position = 0
    for path in blobs:
        header_end = answer.index(b"\n", position)
        size = int(answer[position:header_end].rsplit(b" ", 1)[1])
        files[path] = answer[header_end + 1 : header_end + 1 + size]
        position = header_end + size + 2
    return files


def _read_folder(folder: Path) -> SeedFiles:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    hidden = {name for name in named if any(part.startswith(".") for part in name.split("/"))}
    files = {
        name: path.read_bytes() for name, path in named.items() if is_seed_file(name) and name not in hidden
    }
    if not files:
        raise SeedError(f"the seeds source {folder} has no seed files; correct seeds.source")
    digest = digest_of(files)
    below = _head_if_any(folder)
    commit = f"{below or digest[:12]}+uncommitted"
    if below is None:
        return SeedFiles(files, UNCOMMITTED, commit, "", str(folder), digest)
    repository, prefix = locate(folder)
    return SeedFiles(files, UNCOMMITTED, commit, "", str(folder), digest, repository, prefix)


def _head_if_any(folder: Path) -> str | None:
    try:
        return try_git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    except SeedError:  # no git at all: the folder can be read without it
        return None


def _read_packaged() -> SeedFiles:
    root = resources.files("spanledger_warehouse") / FOLDER
    if not root.is_dir():
        raise SeedError(
            "this installation carries no price seeds and none are configured; "
            "set seeds.source to a clone of a seeds repository, or reinstall spanledger"
        )
    files = dict(_walk(root, ""))
    digest = digest_of(files)
    commit = f"spanledger-{metadata.version('spanledger')}+{digest[:12]}"
    return SeedFiles(files, PACKAGED, commit, "", "the seeds shipped with spanledger", digest)


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{path}/")
        elif is_seed_file(path):
            found.append((path, entry.read_bytes()))
    return found
