"""What the documentation says is what happens: its SQL runs, its output is real, its names exist."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from spanledger_warehouse import dictionary
from spanledger_warehouse.models import discover
from spanledger_warehouse.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in {"build", "dist"} for part in page.relative_to(ROOT).parts)
)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def squeezed(text: str) -> str:
    """The text with runs of spaces made one, as a reader compares it."""
    return re.sub(r"[ \t]+", " ", text)


@pytest.fixture(scope="module")
def demo(spanledger, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the demo ran, as the README has it, and what it printed."""
    folder = tmp_path_factory.mktemp("readme")
    return folder, spanledger("demo", home=folder / ".spanledger").stdout


def test_the_demo_prints_what_the_readme_shows(demo: tuple[Path, str]) -> None:
    shown = blocks(ROOT / "README.md", "text")[0] + blocks(ROOT / "README.md", "text")[1]
    printed = squeezed(demo[1])
    varying = re.compile(r"prices of [0-9a-f]{12}|:[0-9]+ at [0-9a-f]{12} of .*|─+")
    for line in shown.splitlines():
        for part in varying.split(squeezed(line).strip()):
            if part.strip() not in {"", "…"}:
                assert part.strip() in printed, f"the README shows {line!r}, which the demo does not print"


def test_the_readme_query_prints_what_the_readme_shows(
    demo: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo[0])
    query = next(block for block in blocks(ROOT / "README.md", "python") if "import duckdb" in block)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(query, "README.md", "exec"), {})
    assert printed.getvalue().strip() == blocks(ROOT / "README.md", "text")[2].strip()


def test_documented_queries_run_on_a_copy_of_the_published_file(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    copy = tmp_path / "spanledger.duckdb"
    shutil.copyfile(demo[0] / ".spanledger/demo/published/spanledger.duckdb", copy)
    queries = [query for page in PAGES for query in blocks(page, "sql")]
    assert len(queries) >= 3
    with duckdb.connect(str(copy), read_only=True) as connection:
        for query in queries:
            assert connection.execute(query).fetchall(), f"no rows: {query}"


def test_the_dictionary_is_made_from_the_sql_headers() -> None:
    written = (ROOT / "warehouse" / "dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary.render(), (
        "stale; run: python -m spanledger_warehouse.dictionary > warehouse/dictionary.md"
    )


def test_every_table_and_column_is_in_the_dictionary() -> None:
    types = dictionary.column_types()
    assert set(types) == set(discover())
    text = (ROOT / "warehouse" / "dictionary.md").read_text(encoding="utf-8")
    for table, columns in types.items():
        section = text.split(f"### `{table}`", 1)[1].split("\n### ", 1)[0]
        for column in columns:
            (row,) = re.findall(rf"^\| `{column}` \| .+ \| (.+) \|$", section, re.MULTILINE)
            assert row.strip(), f"{table}.{column} has no meaning"


def test_every_warehouse_setting_is_documented_once() -> None:
    page = (ROOT / "warehouse" / "README.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(SPANLEDGER_\w+)` \|", page, re.MULTILINE)
    assert sorted(documented) == sorted(VARIABLES)


def test_the_publication_is_documented(demo: tuple[Path, str]) -> None:
    page = (ROOT / "warehouse" / "README.md").read_text(encoding="utf-8")
    section = page.split("| column of `ops.publication` | meaning |", 1)[1].split("\n\n", 1)[0]
    file = demo[0] / ".spanledger/demo/published/spanledger.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = {row[0] for row in connection.execute("describe ops.publication").fetchall()}
    assert columns <= set(re.findall(r"`(\w+)`", section))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), f"{page}: {target}"


def test_commands_of_the_documentation_exist(spanledger, tmp_path: Path) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    commands = set(re.findall(r"`(?:\.venv/bin/)?spanledger ([a-z]+)[ `]", text)) - {"doctor"}
    shown = spanledger("--help", home=tmp_path / "home").stdout
    assert commands
    for command in commands:
        assert re.search(rf"\b{command}\b", shown), f"no command {command}"


def test_documented_exports_write_what_they_say(spanledger, demo: tuple[Path, str]) -> None:
    lines = re.findall(
        r"^spanledger (export .+? -o (\S+))", (ROOT / "warehouse/README.md").read_text(), re.MULTILINE
    )
    assert {line.split()[1] for line, _ in lines} == {"focus", "csv", "xlsx", "parquet"}
    home = demo[0] / ".spanledger" / "demo"
    for line, target in lines:
        spanledger(*line.split(), home=home)
        assert (home.parent / target).exists(), line


def test_make_targets_of_the_documentation_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    called = set(re.findall(r"^make (.+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for line in called for target in line.split()} >= {"check", "demo"}
