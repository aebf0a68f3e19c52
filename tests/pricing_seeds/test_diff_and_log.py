"""`prices diff` for a reviewer and `prices log` for an auditor: from git alone, nothing inferred."""

import csv
import io
import json
import subprocess

import pytest
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.trail import check_tip, replay, trail


@pytest.fixture
def prices(monkeypatch, tmp_path, repository):
    """Run `spanledger prices …` on the repository; what it printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS", "SPANLEDGER_HOME"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, code=0):
        words = ["prices", *map(str, arguments), "--source", str(repository.folder)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def change(repository, line):
    """A price cut on a branch, half a year ahead of the commit, and a change of the rules beside it."""
    repository.write_sound(line())
    repository.commit()
    repository.git("switch", "--quiet", "-c", "topic")
    cut = line(price="2.40", effective_from="2026-08-01T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), cut)
    repository.commit("Cut\n\nReason: they said | so", author="Grace", committer="Grace")
    return cut


def test_diff_shows_old_new_percent_effective_and_evidence(prices, change):
    shown = prices("diff", "main")
    for words in (
        "a-1 input",
        "3.00 → 2.40 USD",
        "-20.0 %",
        "2026-08-01",
        "acme.example/pricing",
        "documented",
    ):
        assert words in shown


def test_diff_sees_what_is_not_committed_yet(prices, change, repository, line):
    repository.write_sound(line(), change, line(model="b-1"))
    assert "no price → 3.00" in prices("diff", "main")
    assert "b-1" not in prices("diff", "main", "topic")


def test_diff_counts_from_where_the_branch_began(prices, change, repository, line):
    repository.git("switch", "--quiet", "main")
    repository.write_sound(line(), line(model="z-1"))
    repository.commit()
    repository.git("switch", "--quiet", "topic")
    assert "z-1" not in prices("diff", "main", "topic")


def test_diff_as_markdown_and_json(prices, change, repository, alias_header):
    alias = "acme,x|y,acme,a-1,,,https://acme.example/models,\n"
    repository.write("model_aliases.csv", alias_header, alias)
    text = prices("diff", "main", "--markdown")
    assert "| acme | a-1 input | 3.00 → 2.40 USD | -20.0 % | 2026-08-01 | price_change |" in text
    assert "`model_aliases.csv`:\n\n```diff\n+acme,x|y,acme,a-1" in text
    (row,) = json.loads(prices("diff", "main", "topic", "--json"))["changes"]
    assert (row["old_price"], row["new_price"], row["percent"]) == ("3.00", "2.40", "-20.0")


def test_diff_names_rows_that_went_and_says_when_nothing_differs(prices, change, repository):
    assert prices("diff", "topic", "topic") == "no price changes\n"
    repository.write_sound(change)
    assert "prices/acme.csv:2: REMOVED: acme a-1 input 3.00" in prices("diff", "main")


def test_log_tells_who_when_why_and_the_lag(prices, change):
    shown = prices("log", "a-1", "--ref", "topic")
    for words in ("Grace", "they said | so", "acme a-1 input: 3.00 → 2.40", "d ahead", "none"):
        assert words in shown
    facts = json.loads(prices("log", "--ref", "topic", "--json"))
    assert [fact["action"] for fact in facts] == ["create", "change"]
    assert facts[1]["lag_days"] == -179
    (row,) = list(csv.DictReader(io.StringIO(prices("log", "--ref", "topic", "--late", "--csv"))))
    assert (row["new_price"], row["lag_days"], row["signature"]) == ("3.00", "398", "none")
    assert "was ever set" in prices("log", "b-1", code=1)


def _approvals(repository):
    return [entry.approval for entry in trail(parse(repository.read()))]


def test_a_note_of_somebody_else_is_approval_and_the_authors_own_is_none(repository, line):
    repository.write_sound(line())
    repository.commit(author="Grace")
    note = ("notes", "--ref=approvals", "add", "-f", "-m")
    named = "Approved-by: Finn <finn@acme.example>"
    repository.git(*note, named, author="Grace", committer="Grace")
    assert _approvals(repository) == ["none"]
    repository.git(*note, f"Read the page.\n\n{named}", author="Finn", committer="Finn")
    assert _approvals(repository) == ["Finn <finn@acme.example> (note of finn@acme.example)"]


def test_an_unsigned_tag_approves_nothing_and_a_signed_one_does(repository, line, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    repository.write_sound(line())
    (repository.folder / "allowed_signers").write_text(f"finn@acme.example {public}\n")
    repository.commit(author="Grace")
    repository.git("tag", "-m", "fine", "unsigned", author="Finn", committer="Finn")
    assert _approvals(repository) == ["none"]
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    # Whoever types the tagger, the key tells whose word it is.
    repository.git(*signing, "tag", "-s", "-m", "fine", "approved", author="Eve", committer="Eve")
    assert _approvals(repository) == ["finn@acme.example (signed tag approved)"]


def test_the_signature_of_a_commit_is_judged_by_the_allowed_signers(repository, line, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    repository.write_sound(line())
    repository.git("add", "--all")
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    repository.git(*signing, "commit", "--quiet", "-S", "-m", "Signed")
    (entry,) = trail(parse(repository.read()))
    assert entry.signature != "none"
    assert not entry.signature.startswith("good")
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    (repository.folder / "allowed_signers").write_text(f"ada@acme.example {public}\n")
    repository.commit("Ada counts")
    (entry,) = trail(parse(repository.read()))
    assert entry.signature == "good (ada@acme.example)"


def test_what_supersedes_and_is_superseded(repository, line):
    repository.write_sound(line())
    repository.commit()
    (wrong,) = parse(repository.read()).prices
    repository.write_sound(line(), line(price="3.10", change_kind="correction", supersedes=wrong.price_id))
    repository.commit()
    first, second = trail(parse(repository.read()))
    assert (first.superseded_by, second.record.row.supersedes) == (second.record.price_id, wrong.price_id)


def test_check_says_that_the_log_replays(prices, repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(unit="output", price="15.00"), line())
    repository.commit("Sort")
    assert "replaying the log of 2 price lines gives the current table" in prices("check")


@pytest.mark.parametrize("committed", [False, True])
def test_an_edited_note_is_found_by_the_replay(prices, repository, line, committed):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(note="cheaper for friends"))
    if committed:
        repository.commit()
    count, findings = replay(parse(repository.read_as_is()))
    assert (count, [finding.line for finding in findings]) == (1, [2])
    said = prices("check", code=1)
    assert "replaying the log gives another line" in said
    assert "byte for byte" not in said


def test_a_check_that_misses_a_line_does_not_say_that_the_log_replays(prices, repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(price="2.00"))
    said = prices("check", code=1)
    assert "a line was removed or changed" in said
    assert "byte for byte" not in said


def test_a_rewritten_history_is_found_by_the_recorded_tip(prices, repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(), line(unit="output", price="15.00"))
    tip = repository.commit()
    assert check_tip(repository.read(), tip) == []
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.write_sound(line(), line(unit="output", price="16.00"))
    repository.commit()
    assert prices("check").startswith(str(repository.folder))
    assert "history was rewritten" in prices("check", "--tip", tip, code=1)
    assert "history was rewritten" in prices("check", "--tip", "0" * 40, code=1)


@pytest.mark.parametrize("command", ["diff", "log"])
def test_help_has_an_example(command):
    helped = CliRunner().invoke(app, ["prices", command, "--help"]).output
    assert f"Example: spanledger prices {command}" in helped
