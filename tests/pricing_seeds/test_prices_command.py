"""`spanledger prices`: words and exit codes."""

import json

import pytest
from typer.testing import CliRunner

from spanledger_pipelines.commands.prices import app


@pytest.fixture
def run():
    """Run the command; its result."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_check_passes_and_says_what_it_checked(run, repository, line):
    repository.write_sound(line())
    repository.commit()
    result = run("check", "--source", repository.folder, "--base", "main")
    assert result.exit_code == 0, result.output
    assert "(uncommitted): no findings" in result.output


def test_check_names_line_and_fix_and_fails(run, repository, line):
    repository.write_sound(line(), line(unit="tokens"))
    repository.commit()
    result = run("check", "--source", repository.folder)
    assert result.exit_code == 1
    assert "prices/acme.csv:3: error: unknown unit 'tokens'" in result.output
    assert "    fix: use a unit of units.csv" in result.output


def test_check_in_json(run, repository, line):
    repository.write_sound(line(price="1e3"))
    commit = repository.commit()
    result = run("check", "--source", repository.folder, "--ref", "main", "--json")
    answer = json.loads(result.output)
    assert (result.exit_code, answer["ok"], answer["commit"]) == (1, False, commit)
    assert answer["findings"][0]["file"] == "prices/acme.csv"
    assert answer["findings"][0]["line"] == 2


def test_an_unreadable_source_is_a_matter_of_set_up(run, tmp_path):
    result = run("check", "--source", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "is not a folder" in result.output


def test_list_shows_what_is_in_force(run, repository, line):
    repository.write_sound(line(), line(model="future", effective_from="2099-01-01T00:00:00Z"))
    repository.commit()
    result = run("list", "--source", repository.folder)
    assert result.exit_code == 0, result.output
    assert "a-1" in result.output
    assert "3.00 USD" in result.output
    assert "future" not in result.output
    assert run("list", "--source", repository.folder, "--provider", "beta").exit_code == 1


def test_show_tells_the_history_of_a_model(run, repository, line):
    new = line(price="3.50", effective_from="2025-06-10T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), new)
    commit = repository.commit(author="Grace")
    result = run("show", "a-1", "--source", repository.folder)
    assert result.exit_code == 0, result.output
    for words in ("3.00 USD", "3.50 USD", "2025-06-10", "create", "change", "Grace", commit[:12], "p1-"):
        assert words in result.output

    records = json.loads(run("show", "a-1", "--source", repository.folder, "--json").output)
    assert [record["summary"] for record in records] == [
        "a-1 input: no price → 3.00",
        "a-1 input: 3.00 → 3.50",
    ]
    assert records[1]["new_price"] == "3.50"


def test_show_of_an_unknown_model_names_similar_ones(run, repository, line):
    repository.write_sound(line())
    repository.commit()
    result = run("show", "A-", "--source", repository.folder)
    assert result.exit_code == 1
    assert "no model 'A-' has a price; similar: a-1" in result.output


@pytest.mark.parametrize("command", ["check", "list", "show"])
def test_help_has_an_example(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: spanledger prices {command}" in result.output


def test_show_says_until_when_and_finds_names_with_other_marks(repository, line, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    cut = line(price="2.00", effective_from="2025-06-10T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), cut)
    repository.commit()
    where = ["--source", str(repository.folder)]
    shown = CliRunner().invoke(app, ["show", "a-1", *where]).output.splitlines()
    assert shown[0].split()[:4] == ["price", "from", "until", "amount"]
    assert shown[1].split()[:6] == ["a-1", "input", "2025-01-01", "2025-06-10", "3.00", "USD"]
    assert shown[2].split()[:5] == ["a-1", "input", "2025-06-10", "2.00", "USD"]
    assert "similar: a-1" in CliRunner().invoke(app, ["show", "A.1", *where]).output
