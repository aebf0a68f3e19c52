"""What the commands below `spanledger prices` share: which seeds are meant, and how answers are printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from spanledger_warehouse.seeds import SeedFiles

WRONG = 1
SETUP = 2
FOLDER = "pricing_seeds"

Source = Annotated[
    Path | None,
    typer.Option(
        "--source",
        metavar="DIR",
        help="The seeds, or the private repository beside them; by default the configured or shipped ones.",
    ),
]
Ref = Annotated[
    str | None,
    typer.Option(metavar="REF", help="The commit or branch to read; by default the default branch."),
]
Uncommitted = Annotated[
    bool, typer.Option("--uncommitted", help="Read the folder as it is, committed or not.")
]


def seeds_folder(source: Path | None) -> Path | None:
    """The folder of seeds that is meant: the one named, the configured one, or the one we stand in.

    A repository whose seeds are in `pricing_seeds/` may be named by its root. None: the installed ones count.
    """
    from spanledger_warehouse.settings import load_settings

    for folder in (source, load_settings().seeds_source):
        if folder is not None:
            inner = folder / FOLDER
            return inner if _has_seeds(inner) and not _has_seeds(folder) else folder
    here = Path.cwd()
    return next((folder for folder in (here, here / FOLDER) if _has_seeds(folder)), None)


def read(source: Path | None, ref: str | None, *, uncommitted: bool) -> SeedFiles:
    """Read the seeds that are meant, of both repositories; what cannot be read is a matter of set-up."""
    from spanledger_warehouse.seeds import SeedError, read_seeds
    from spanledger_warehouse.seeds.private import is_private
    from spanledger_warehouse.seeds.source import checkout

    folder = seeds_folder(source)
    if folder is None and uncommitted:
        folder = checkout()
    try:
        if folder is not None and is_private(folder):
            return _joined(_public(), read_seeds(folder, ref, allow_uncommitted=uncommitted))
        files = read_seeds(folder, ref, allow_uncommitted=uncommitted and folder is not None)
        return _joined(files, _private(uncommitted=uncommitted))
    except SeedError as problem:
        fail(str(problem), SETUP)


def changed_states(source: Path | None, base: str | None, head: str | None) -> tuple[SeedFiles, SeedFiles]:
    """The seeds before a change and with it: of the repository meant, beside the other one as it is."""
    from spanledger_warehouse.seeds.comparing import states
    from spanledger_warehouse.seeds.private import is_private

    folder = work_tree(source)
    before, after = states(folder, base, head)
    if is_private(folder):
        public = _public()
        return _joined(public, before), _joined(public, after)
    private = _private(uncommitted=False)
    return _joined(before, private), _joined(after, private)


def _joined(seeds: SeedFiles, private: SeedFiles | None) -> SeedFiles:
    from spanledger_warehouse.seeds.private import with_private

    return with_private(seeds, private) if private is not None else seeds


def _public() -> SeedFiles:
    """The configured prices, for a private repository that was named."""
    from spanledger_warehouse.seeds import read_seeds
    from spanledger_warehouse.settings import load_settings

    settings = load_settings()
    return read_seeds(settings.seeds_source, settings.seeds_ref)


def _private(*, uncommitted: bool) -> SeedFiles | None:
    from spanledger_warehouse.seeds import read_seeds
    from spanledger_warehouse.settings import load_settings

    settings = load_settings()
    if settings.private_source is None:
        return None
    return read_seeds(settings.private_source, settings.private_ref, allow_uncommitted=uncommitted)


def work_tree(source: Path | None) -> Path:
    """The folder of seeds in a git work tree that is meant, with the installed checkout as the last choice."""
    from spanledger_warehouse.seeds.source import checkout

    folder = seeds_folder(source) or checkout()
    if folder is None:
        fail(
            "there is no checkout of seeds here; name one with --source, or see `spanledger prices init`",
            SETUP,
        )
    return folder


def fail(message: str, code: int = WRONG) -> NoReturn:
    """Say what is wrong and stop."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """JSON in which decimals are strings."""
    import json

    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_table(columns: list[str], rows: list[list[str]], amounts: int = 0) -> None:
    """A table; the last `amounts` columns are numbers."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from spanledger_pipelines.rendering import printable

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, column in enumerate(columns):
        right = column in ("amount", "per") or position >= len(columns) - amounts
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    if not console.is_terminal:
        console.width = 400  # a pipe has no width; nothing may be cut
    console.print(table, soft_wrap=False)


def _has_seeds(folder: Path) -> bool:
    """Whether a folder holds seeds: own ones, or a release's catalogue below vendor/."""
    roots = (folder, folder / "vendor")
    return any((root / "units.csv").is_file() and (root / "prices").is_dir() for root in roots)
