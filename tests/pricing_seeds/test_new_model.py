"""A new model from the first unpriced call to an explained cost, with the commands that the messages give."""

import shlex
from decimal import Decimal

import pytest
from tests.pricing_seeds.conftest import SeedsRepository, price_line
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import UNITS
from typer.testing import CliRunner

from spanledger_pipelines.commands import app


@pytest.fixture
def spanledger(monkeypatch, tmp_path):
    """Run a command as Ada; what it printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "SPANLEDGER_HOME"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def seeds(tmp_path):
    repository = SeedsRepository(tmp_path / "seeds")
    repository.write_sound(price_line(), price_line(unit="output", price="15.00"))
    repository.write("units.csv", UNITS)
    repository.commit()
    return repository


@pytest.fixture
def ledger(tmp_path, seeds):
    ledger = Ledger(tmp_path / "home")
    ledger.seeds_folder = seeds.folder
    return ledger


def _unpriced(ledger):
    (row,) = ledger.rows(
        "select violations, example from ops.check_results where check_name = 'unpriced_usage' "
        "order by checked_at desc limit 1"
    )
    return row


def test_from_the_first_unpriced_call_to_an_explained_cost(ledger, seeds, spanledger):
    day = NOON.replace(day=11)
    new = {"response_model": "a-9", "usage": chat(1000, 100, reasoning=40)}
    ledger.land("1.jsonl", [span(1, usage=chat(10, 1)), span(2, ended=day, **new)])
    ledger.run()
    command = (
        "spanledger prices set a-9 input PRICE output PRICE --provider acme --from 2026-03-11 "
        "--evidence URL --reason TEXT"
    )
    found = _unpriced(ledger)
    assert found["example"] == f"acme a-9: no_model in 3 uses since 2026-03-11; to price it: {command}"
    home = ("--home", ledger.settings.home.path)
    assert command in spanledger("report", "unpriced", *home)

    filled = command.replace("URL", "https://acme.example/pricing").replace("TEXT", "'a-9 was launched'")
    filled = filled.replace("input PRICE output PRICE", "input 2 output 8")
    seeds.git("switch", "--quiet", "-c", "topic")
    spanledger(*shlex.split(filled)[1:], "--source", seeds.folder)
    commit = seeds.git("rev-parse", "HEAD")

    shown = spanledger(
        "prices", "impact", "--base", "main", "--head", "topic", *home, "--source", seeds.folder
    )
    assert "past: +0.0028 USD on 1 calls, 2026-03-11 to 2026-03-11" in shown
    seeds.git("branch", "--quiet", "-f", "main", "topic")
    assert [str(rebuilt) for rebuilt in ledger.run()] == ["2026-03-11"]
    assert _unpriced(ledger)["violations"] == 0

    (call,) = ledger.published_rows(
        "select call_id, contracted_cost_usd from marts.calls where model = 'a-9'"
    )
    assert call["contracted_cost_usd"] == Decimal("0.0028")
    assert commit[:12] in spanledger("explain", call["call_id"], *home)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"response_model": "x'; rm -rf ~ #"}, """set 'x'"'"'; rm -rf ~ #' input PRICE"""),
        ({"response_model": "a-1", "service_tier": "flex"}, "set a-1 input@flex PRICE output@flex PRICE"),
        ({"response_model": "acme/b-1"}, "set acme/b-1 input PRICE"),
    ],
    ids=["a name that is no name", "a context", "a name with a slash"],
)
def test_the_command_can_be_pasted_whatever_a_span_calls_its_model(ledger, changed, words):
    ledger.land("1.jsonl", [span(1, usage=chat(10, 1), **changed)])
    ledger.run()
    example = _unpriced(ledger)["example"]
    assert words in example
    command = shlex.split(example.partition("to price it: ")[2])
    assert command[:3] == ["spanledger", "prices", "set"]
    assert command[3] == changed["response_model"]
