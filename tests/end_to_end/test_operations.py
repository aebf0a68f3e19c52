"""Every command of warehouse/operations.md, in its order, on the demo's warehouse."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import pytest

from spanledger_warehouse.importing import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "warehouse" / "operations.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


@pytest.fixture(scope="module")
def home(spanledger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's warehouse, in a folder of its own."""
    folder = tmp_path_factory.mktemp("operations")
    spanledger("demo", home=folder / ".spanledger")
    return folder / ".spanledger" / "demo"


def test_the_commands_of_the_page_do_what_it_says(spanledger, home: Path) -> None:
    folder = home.parent  # commands run in the folder that holds the home
    (folder / "llm_usage_logs.csv").write_text(block("csv"), encoding="utf-8")
    said = {}
    for line in block("bash").splitlines():
        program, command, *arguments = shlex.split(line, comments=True)
        assert program == "spanledger"
        if command == "restore":
            [arguments[0]] = map(str, (folder / "backups").iterdir())
        if command == "verify":
            spanledger("run", home=home)
        name = f"{command} {arguments[0]}" if command == "run" and arguments else command
        said[name] = spanledger(command, *arguments, home=home).stdout
        if command == "import":
            spanledger("run", home=home)

    assert "Nothing was new" in said["run"]
    assert "past: nothing moves" in said["run --dry-run"]
    assert "Rebuilt 2 days: 2026-08-20, 2026-08-21." in said["backfill"]
    assert re.search(r"Rebuilt \d days?: ", said["repair"])
    assert "already; nothing was changed" in said["migrate"]
    assert "Read 202 records" in said["rebuild"]
    assert "was rebuilt to the last digit" in said["verify"]
    assert "2 of 2 rows are calls" in said["import"]
    assert re.search(r"Backed up 20[0-9] spans", said["backup"])
    assert "Restored 203 spans" in said["restore"]
    before, after = re.findall(r"Money (?:before|after): +(\w+)", said["erase"])
    assert before == after
    assert re.search(r"Erased the metadata of [1-9]\d* calls", said["erase"])
    with duckdb.connect(str(home / "published" / "spanledger.duckdb"), read_only=True) as published:
        rows = published.execute(
            "select list_cost_usd, reported_cost_usd, request_metadata from marts.calls "
            "where service = 'desk' and provider <> '' order by reported_cost_usd desc limit 1"
        ).fetchall()
    assert [str(value) for value in rows[0]] == ["0.005250000000", "0.018750000000", "None"]


def test_the_page_lists_the_columns_that_an_import_knows() -> None:
    section = PAGE.split("## History from elsewhere", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"`(\w+)`", section))
    for meaning, columns in COLUMNS.items():
        assert {meaning, *columns} <= named, meaning
