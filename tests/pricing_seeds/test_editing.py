"""`prices set`, `end`, `correct`: the right line at the right place, one commit with its grounds, or nothing."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.provenance import audit

GROUNDS = (
    "--evidence",
    "https://acme.example/pricing",
    "--reason",
    "announced",
    "--evidence-date",
    "2026-02-03",
)
OLD = "2025-01-01T00:00:00Z"


@pytest.fixture
def prices(monkeypatch, tmp_path):
    """Run `spanledger prices …` as Ada, away from any seeds; its result."""
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "SPANLEDGER_HOME"):
        monkeypatch.delenv(name, raising=False)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")

    def run(*arguments, code=0):
        result = CliRunner().invoke(app, ["prices", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture(params=["", "deep/pricing_seeds"], ids=["at the root", "in a subfolder"])
def seeds(request, tmp_path, line):
    from tests.pricing_seeds.conftest import SeedsRepository

    repository = SeedsRepository(tmp_path / "work", request.param)
    repository.write_sound(
        line(),
        line(unit="output", price="15.00"),
        line(context="batch", price="1.50"),
        line(context="batch", unit="output", price="7.50"),
        line(model="c-1"),
    )
    repository.commit()
    return repository


def _lines(repository):
    return (repository.folder / "prices/acme.csv").read_bytes().decode().split("\n")


def _set(prices, repository, *arguments, code=0):
    return prices("set", *arguments, *GROUNDS, "--source", repository.folder, code=code)


def test_set_adds_one_line_behind_its_series_and_commits_it(prices, seeds):
    before = _lines(seeds)
    _set(prices, seeds, "a-1", "input", "3.5", "--from", "2026-03-01")
    after = _lines(seeds)
    new = (
        "acme,a-1,input,standard,global,,0,2026-03-01T00:00:00Z,3.50,1000000,USD,,price_change,,"
        "https://acme.example/pricing,2026-02-03,documented,"
    )
    assert after == [*before[:2], new, *before[2:]]
    assert seeds.git("log", "-1", "--format=%B") == (
        "[acme] a-1: input 3 → 3.5 from 2026-03-01\n\n"
        "Price-Change: acme/a-1 input 3 → 3.5\n"
        "Reason: announced\n"
        "Evidence: https://acme.example/pricing\n"
        "Effective: 2026-03-01T00:00:00Z"
    )
    assert seeds.git("status", "--porcelain") == ""
    record = audit(parse(seeds.read()))[-1]
    assert (record.summary, record.provenance.reason) == ("a-1 input: 3.00 → 3.50", "announced")


def test_several_prices_and_contexts_are_one_commit(prices, seeds):
    _set(prices, seeds, "a-1", "input", "2", "input@batch", "1", "--from", "2026-03-01T16:00:00+02:00")
    assert seeds.git("rev-list", "--count", "HEAD") == "2"
    added = [row for row in parse(seeds.read()).prices if row.effective_from.year == 2026]
    assert [(row.context, str(row.price), row.effective_from.hour) for row in added] == [
        ("standard", "2.00", 14),
        ("batch", "1.00", 14),
    ]


@pytest.mark.parametrize(("model", "line_number"), [("b-1", 6), ("d-1", 7), ("a-0", 2)])
def test_a_new_model_stands_in_alphabetical_order(prices, seeds, model, line_number):
    _set(prices, seeds, model, "input", "1", "--from", "2026-03-01", "--provider", "acme")
    assert _lines(seeds)[line_number - 1].startswith(f"acme,{model},input,")


def test_a_new_unit_stands_in_the_order_of_the_registry(prices, seeds):
    _set(prices, seeds, "a-1", "cache_read", "0.3", "cache_read@batch", "0.15", "--from", "2026-03-01")
    cells = [text.split(",") for text in _lines(seeds)[1:7]]
    rows = [(unit, context or "standard") for _, _, unit, context, *_ in cells]
    units = ("input", "cache_read", "output")
    assert rows == [(unit, context) for context in ("standard", "batch") for unit in units]


def test_a_new_provider_gets_a_file(prices, seeds):
    _set(prices, seeds, "b-1", "input", "1", "--from", "2026-03-01", "--provider", "beta")
    assert (seeds.folder / "prices/beta.csv").read_text().count("\n") == 2
    assert seeds.git("status", "--porcelain") == ""


def test_a_file_without_a_last_line_end_gets_it_only_where_needed(prices, repository, line):
    repository.write_sound(line(model="b-1"))
    path = repository.folder / "prices/acme.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    repository.commit()
    _set(prices, repository, "a-1", "input", "1", "--from", "2026-03-01", "--provider", "acme")
    assert not path.read_bytes().endswith(b"\n")
    _set(prices, repository, "c-1", "input", "1", "--from", "2026-03-01", "--provider", "acme")
    assert path.read_bytes().count(b"\n") == 4


def test_correct_supersedes_the_wrong_row(prices, seeds):
    wrong = parse(seeds.read()).prices[0]
    prices("correct", "a-1", "input", "3.10", "--from", OLD, *GROUNDS, "--source", seeds.folder)
    catalogue = parse(seeds.read()).require()
    (right,) = [row for row in catalogue.prices if row.change_kind == "correction"]
    assert (right.supersedes, str(right.price), right.effective_from) == (
        wrong.price_id,
        "3.10",
        wrong.effective_from,
    )
    assert wrong not in catalogue.in_force


def test_correct_moves_an_instant(prices, seeds):
    moved = ("--from", OLD, "--moved-to", "2025-01-01T16:00:00Z")
    prices("correct", "a-1", "input", *moved, *GROUNDS, "--source", seeds.folder)
    (right,) = [row for row in parse(seeds.read()).in_force if row.change_kind == "correction"]
    assert (str(right.price), right.effective_from.hour) == ("3.00", 16)


def test_end_ends_every_price_of_a_model(prices, seeds):
    prices("end", "a-1", "--at", "2026-06-01", *GROUNDS, "--source", seeds.folder)
    periods = parse(seeds.read()).require().price_periods()
    ended = [period for period in periods if period.row.model == "a-1"]
    assert len(ended) == 4
    assert {f"{period.ends:%F}" for period in ended if period.ends} == {"2026-06-01"}


def test_an_announced_price_can_be_withdrawn_and_the_old_one_goes_on(prices, seeds):
    _set(prices, seeds, "a-1", "input", "4", "--from", "2027-01-01")
    prices("end", "a-1", "input", "--withdraw", "--at", "2027-01-01", *GROUNDS, "--source", seeds.folder)
    (period,) = [
        period
        for period in parse(seeds.read()).require().price_periods()
        if period.row.series[1:4] == ("a-1", "input", "standard")
    ]
    assert (str(period.row.price), period.ends) == ("3.00", None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a-1", "input", "4", "--from", OLD), "has a price from 2025-01-01T00:00:00Z already"),
        (("a-1", "input", "3", "--from", "2026-03-01"), "is 3 already at that instant"),
        (("a-1", "input", "1e-6", "--from", "2026-03-01"), "is not a plain decimal"),
        (("a-1", "tokens", "1", "--from", "2026-03-01"), "unknown unit 'tokens'; units.csv has input"),
        (("a-1", "input", "0.0025", "--from", "2026-03-01", "--per", "1000"), "that is 2.5 per 1000000"),
        (("a-1", "input", "30", "--from", "2026-03-01"), "jumps from 3 to 30 without a word"),
        (("a-1", "input", "2", "--from", "tomorrow"), "is not an instant"),
        (("a-9", "input", "2", "--from", "2026-03-01"), "no provider has a price for a-9"),
        (("a-1", "cache_read", "1", "--from", "2026-03-01"), "but none in context batch"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_written(prices, seeds, arguments, words):
    head, before = seeds.git("rev-parse", "HEAD"), _lines(seeds)
    assert words in _set(prices, seeds, *arguments, code=1).output
    assert (seeds.git("rev-parse", "HEAD"), _lines(seeds)) == (head, before)
    assert seeds.git("status", "--porcelain") == ""


def test_other_changes_in_the_seeds_are_refused_but_not_elsewhere(prices, seeds):
    rules = seeds.folder / "rules.csv"
    committed = rules.read_text()
    rules.write_text(f"{committed}\n")
    arguments = ("a-1", "input", "4", "--from", "2026-03-01")
    result = _set(prices, seeds, *arguments, code=1)
    assert "the seeds have changes that are not committed" in result.output
    assert "rules.csv" in result.output
    rules.write_text(committed)
    if seeds.folder != seeds.root:
        (seeds.root / "README").write_text("elsewhere")
        _set(prices, seeds, *arguments)
        assert seeds.git("status", "--porcelain") == "?? README"


def test_an_alias_is_not_mistaken_for_a_model(prices, seeds, alias_header):
    alias = "acme,a-1-2025,acme,a-1,,,https://acme.example/models,\n"
    seeds.write("model_aliases.csv", alias_header, alias)
    seeds.commit()
    arguments = ("a-1-2025", "input", "4", "--from", "2026-03-01", "--provider", "acme")
    assert "is billed as acme a-1" in _set(prices, seeds, *arguments, code=1).output
    _set(prices, seeds, *arguments, "--change-kind", "launch")


def test_outside_git_is_said_in_words(prices, tmp_path, line, repository):
    repository.write_sound(line())
    result = _set(prices, repository, "a-1", "input", "4", "--from", "2026-03-01", code=1)
    assert "not inside a git repository" in result.output


def test_on_a_detached_head_it_says_how_to_keep_the_commit(prices, seeds):
    seeds.git("switch", "--quiet", "--detach")
    result = _set(prices, seeds, "a-1", "input", "4", "--from", "2026-03-01")
    assert f"commit {seeds.git('rev-parse', 'HEAD')[:12]} on no branch" in result.output
    assert "keep it with `git switch -c NAME`" in result.output


def test_another_work_tree_of_the_repository_is_edited_and_the_first_left_alone(prices, seeds, tmp_path):
    seeds.git("worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "second"))
    second = type(seeds)(tmp_path / "second", seeds.folder.relative_to(seeds.root).as_posix().strip("."))
    before = _lines(seeds)
    result = _set(prices, second, "a-1", "input", "4", "--from", "2026-03-01")
    assert "on topic" in result.output
    assert (_lines(seeds), seeds.git("branch", "--show-current")) == (before, "main")
    assert "acme,a-1,input,standard,global,,0,2026-03-01T00:00:00Z,4.00" in "\n".join(_lines(second))


def test_who_has_no_identity_hears_it_from_git_and_nothing_changes(prices, seeds, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{role}_{what}")
    seeds.git("config", "user.useConfigOnly", "true")
    before = _lines(seeds)
    result = _set(prices, seeds, "a-1", "input", "4", "--from", "2026-03-01", code=1)
    assert "git config --global user.email" in result.output
    assert (_lines(seeds), seeds.git("status", "--porcelain")) == (before, "")


def test_grounds_are_corrected_for_all_prices_of_an_instant(prices, seeds):
    arguments = ("correct", "a-1", "--from", OLD, "--basis", "third_party", *GROUNDS)
    prices(*arguments, "--source", seeds.folder)
    corrected = [row for row in parse(seeds.read()).in_force if row.model == "a-1"]
    assert {(row.basis, row.change_kind) for row in corrected} == {("third_party", "correction")}
    assert {str(row.price) for row in corrected} == {"3.00", "15.00", "1.50", "7.50"}
    summaries = {record.summary for record in audit(parse(seeds.read())) if record.action == "correct"}
    assert "a-1 input: 3.00 stays; documented → third_party" in summaries
    assert "every price of acme a-1" in prices(*arguments, "--source", seeds.folder, code=1).output
    wrong = ("correct", "a-1", "--from", "2024-01-01", *GROUNDS, "--source", seeds.folder)
    assert "there is no price of acme a-1 from 2024-01-01" in prices(*wrong, code=1).output
    without = ("correct", "a-1", *GROUNDS, "--source", seeds.folder)
    assert "name the UNIT to correct" in prices(*without, code=2).output


def test_a_commit_that_fails_leaves_everything_as_it_was(prices, seeds):
    hook = seeds.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on a Sunday >&2\nexit 1\n")
    hook.chmod(0o755)
    before = _lines(seeds)
    arguments = ("b-1", "input", "1", "--from", "2026-03-01", "--provider")
    for provider in ("acme", "beta"):
        assert "not on a Sunday" in _set(prices, seeds, *arguments, provider, code=1).output
    assert _lines(seeds) == before
    assert seeds.git("status", "--porcelain") == ""


def test_dry_run_prints_the_diff_and_no_commit_leaves_the_line(prices, seeds):
    arguments = ("a-1", "input", "4", "--from", "2026-03-01")
    shown = _set(prices, seeds, *arguments, "--dry-run").output
    assert "+acme,a-1,input" in shown
    assert "Reason: announced" in shown
    assert seeds.git("status", "--porcelain") == ""
    left = _set(prices, seeds, *arguments, "--no-commit").output
    assert "not committed" in left
    assert seeds.git("rev-list", "--count", "HEAD") == "1"
    assert "4.00" in _lines(seeds)[2]


def test_a_reason_cannot_forge_a_trailer(prices, seeds):
    forged = ("--reason", "quiet\n\nApproved-by: Finn <finn@acme.example>")
    grounds = ("--evidence", "https://acme.example/pricing", "--evidence-date", "2026-02-03")
    prices("set", "a-1", "input", "4", "--from", "2026-03-01", *grounds, *forged, "--source", seeds.folder)
    message = seeds.git("log", "-1", "--format=%(trailers:only,unfold)")
    assert [text.partition(":")[0] for text in message.splitlines()] == [
        "Price-Change",
        "Reason",
        "Evidence",
        "Effective",
    ]


def test_a_shallow_clone_is_refused_in_words(prices, seeds, tmp_path):
    seeds.commit("Another")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{seeds.root}", str(shallow)], check=True)
    folder = shallow / seeds.folder.relative_to(seeds.root)
    arguments = ("set", "a-1", "input", "4", "--from", "2026-03-01", *GROUNDS, "--source", folder)
    assert "git fetch --unshallow" in prices(*arguments, code=1).output


def test_json_says_what_was_written(prices, seeds):
    answer = json.loads(_set(prices, seeds, "a-1", "input", "4", "--from", "2026-03-01", "--json").output)
    assert answer["commit"] == seeds.git("rev-parse", "HEAD")
    assert answer["rows"][0]["place"] == "prices/acme.csv:3"


@pytest.mark.parametrize("command", ["set", "end", "correct"])
def test_help_has_an_example(prices, command):
    assert f"Example: spanledger prices {command}" in prices(command, "--help").output
