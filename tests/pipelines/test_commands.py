"""The command line: quick to start, errors as messages, exit codes as documented, answers as data too."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from tests.warehouse.seeds import SeedsRepository, price, seed_texts
from typer.testing import CliRunner

from spanledger_pipelines.commands import app

COMMANDS = ("demo", "run", "report", "explain", "price", "dev")
HEAVY = ("anthropic", "dagster", "duckdb", "openai", "sqlglot", "starlette")

runner = CliRunner()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_HOME", "SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_help_imports_nothing_heavy() -> None:
    told = python(
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from spanledger_pipelines.commands import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        "print('spanledger_pipelines.commands.prices' in sys.modules)"
    )
    assert told.stdout.splitlines() == ["[]", "False"], told.stderr


def test_help_lists_every_command() -> None:
    shown = runner.invoke(app, ["--help"]).stdout
    for command in (*COMMANDS, "prices"):
        assert f" {command} " in shown
    assert "Exit codes" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(command: str) -> None:
    helped = runner.invoke(app, [command, "--help"])
    assert helped.exit_code == 0
    assert f"Example: spanledger {command}" in helped.stdout.replace("SPANLEDGER_HOME", "")


def test_prices_is_mounted_with_its_own_commands() -> None:
    assert "check" in runner.invoke(app, ["prices", "--help"]).stdout


def test_version_is_the_release() -> None:
    from spanledger.version import __version__

    assert runner.invoke(app, ["--version"]).stdout == f"spanledger {__version__}\n"


def test_a_report_without_a_published_file_says_what_to_do() -> None:
    failed = runner.invoke(app, ["report"])
    assert failed.exit_code == 1
    assert "spanledger.duckdb does not exist yet; make it with: spanledger run" in failed.stderr
    assert failed.stdout == ""


def test_an_unknown_report_is_wrong_usage() -> None:
    failed = runner.invoke(app, ["report", "yearly"])
    assert failed.exit_code == 2
    assert "choose one of: daily, models, operations, calls, failed, unpriced" in failed.stderr


def test_a_setting_that_means_nothing_is_wrong_set_up(tmp_path: Path) -> None:
    (tmp_path / "spanledger.toml").write_text("hoem = 'here'\n", encoding="utf-8")
    failed = runner.invoke(app, ["run"])
    assert failed.exit_code == 2
    assert "unknown setting 'hoem'" in failed.stderr


def test_an_unexpected_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(home: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("spanledger_warehouse.settings.load_settings", broken)
    assert isinstance(runner.invoke(app, ["report"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("module", "command", "extra"),
    [
        ("duckdb", "report", "warehouse"),
        ("dagster", "run", "pipelines"),
        ("uvicorn", "demo", "demo"),
        ("dagster_webserver", "dev", "ui"),
    ],
)
def test_a_missing_extra_is_said_in_words(module: str, command: str, extra: str) -> None:
    told = python(
        "import sys\n"
        f"sys.modules[{module!r}] = None\n"
        f"sys.argv = ['spanledger', {command!r}]\n"
        "from spanledger_pipelines.commands import main\n"
        "main()"
    )
    assert told.returncode == 2, told.stderr
    assert f"pip install 'spanledger[{extra}]'" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_ui_keeps_its_runs_inside_the_home(tmp_path: Path) -> None:
    import dagster as dg

    from spanledger_pipelines.commands.dev import environment

    made = environment(tmp_path)
    assert made["SPANLEDGER_HOME"] == str(tmp_path)
    settings = Path(made["DAGSTER_HOME"]) / "dagster.yaml"
    assert settings.read_text().startswith("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(made["DAGSTER_HOME"]) as instance:
        assert not instance.telemetry_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
    settings.write_text("telemetry:\n  enabled: true\n")  # the user's own stays
    environment(tmp_path)
    assert settings.read_text() == "telemetry:\n  enabled: true\n"


def test_price_adds_costs_to_a_file_and_keeps_its_columns(tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text(
        "provider,model,timestamp,input_tokens,output_tokens,who\n"
        'openai,gpt-4o-mini,2026-08-20T10:00:00Z,1000,500,"Ann, B"\n'
        "openai,nobody-knows,2026-08-20T10:00:00Z,1000,500,Cy\n"
        "openai,gpt-4o-mini,2026-08-20T10:00:00Z,-1,500,Di\n",
        encoding="utf-8",
    )
    priced = runner.invoke(app, ["price", str(usage), "--uncommitted"])
    assert priced.exit_code == 0, priced.output
    rows = list(csv.DictReader(io.StringIO(priced.stdout)))
    assert [row["who"] for row in rows] == ["Ann, B", "Cy", "Di"]
    assert [row["cost_status"] for row in rows] == ["priced", "unpriced", "usage_missing"]
    assert Decimal(rows[0]["list_cost_usd"]) == Decimal("0.00045")
    assert rows[1]["list_cost_usd"] == ""
    assert "row 3: input_tokens=-1" in priced.stderr


def test_price_writes_a_file_and_sums_up_as_json(tmp_path: Path) -> None:
    usage, output = tmp_path / "usage.jsonl", tmp_path / "priced.jsonl"
    usage.write_text(
        '{"provider":"openai","model":"gpt-4o-mini","timestamp":"2026-08-20T10:00:00Z","input_tokens":1000}\n',
        encoding="utf-8",
    )
    arguments = ["price", str(usage), "--uncommitted", "--json", "-o", str(output)]
    told = json.loads(runner.invoke(app, arguments).stdout)
    assert (told["rows"], told["statuses"], told["seeds_state"]) == (1, {"priced": 1}, "uncommitted")
    assert output.read_text(encoding="utf-8").count("\n") == 1


def test_price_goes_back_to_a_commit_or_an_instant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = SeedsRepository(tmp_path / "seeds")
    old = repository.commit(seed_texts(price("input", "3")), at="2026-02-01T00:00:00Z")
    repository.commit(seed_texts(price("input", "5")), at="2026-04-01T00:00:00Z")
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(repository.root))
    usage = tmp_path / "usage.jsonl"
    usage.write_text(
        '{"provider":"acme","model":"a-1","timestamp":"2026-03-01T00:00:00Z","input_tokens":1000000}\n'
    )

    def cost(*options: str) -> str:
        priced = runner.invoke(app, ["price", str(usage), "--json", *options])
        assert priced.exit_code == 0, priced.output
        return str(json.loads(priced.stdout)["list_cost_usd"])

    assert [cost("--at", at) for at in (old, "2026-03-31", "2026-04-01T00:00:00Z")] == [
        "3.000000000000",
        "3.000000000000",
        "5.000000000000",
    ]
    assert cost() == "5.000000000000"
    both = runner.invoke(app, ["price", str(usage), "--at", old, "--uncommitted"])
    assert both.exit_code == 2


def test_price_of_a_file_that_is_not_there_is_wrong_usage() -> None:
    assert runner.invoke(app, ["price", "nowhere.csv"]).exit_code == 2
