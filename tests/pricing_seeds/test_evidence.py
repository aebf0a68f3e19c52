"""Evidence: a provider's word is on the provider's page, and what was read long ago is listed."""

import json
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.seeds import parse
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.evidence_rules import host_of, stale

HOSTS = "provider,host,note\nacme,acme.example,\n"


def _found(repository):
    return [(finding.line, finding.message) for finding in check(repository.read_as_is()) if finding.is_error]


@pytest.mark.parametrize(
    ("basis", "url", "refused"),
    [
        ("documented", "https://acme.example/pricing", False),
        ("documented", "https://docs.acme.example/pricing", False),
        ("documented", "https://web.archive.org/web/2025/https://acme.example/pricing", False),
        ("documented", "https://notacme.example/pricing", True),
        ("first_observed", "https://blog.example/acme", True),
        ("third_party", "https://blog.example/acme", False),
    ],
)
def test_the_providers_word_is_on_a_page_of_the_provider(repository, line, basis, url, refused):
    repository.write_sound(line(basis=basis, evidence_url=url))
    repository.write("evidence_hosts.csv", HOSTS)
    found = _found(repository)
    assert bool(found) == refused
    if refused:
        assert found[0][0] == 2
        assert "is no page of acme (acme.example)" in found[0][1]


def test_without_a_list_every_host_is_fine(repository, line):
    repository.write_sound(line(evidence_url="https://blog.example/acme"))
    assert _found(repository) == []
    repository.write("evidence_hosts.csv", "provider,host,note\nbeta,beta.example,\n")
    assert _found(repository) == []


def test_the_host_of_an_archived_page_is_that_of_the_page():
    assert host_of("https://web.archive.org/web/20250101/https://openai.com/api/pricing/") == "openai.com"


def test_models_whose_newest_evidence_is_old_are_listed(repository, line, monkeypatch, tmp_path):
    repository.write_sound(
        line(evidence_date="2025-01-01"),
        line(unit="output", price="15.00", evidence_date="2026-01-01"),
        line(model="b-1", evidence_date="2025-03-01"),
    )
    repository.commit()
    found = stale(parse(repository.read()), date(2025, 6, 1), datetime(2026, 2, 1, tzinfo=UTC))
    assert [(entry.model, entry.read_on) for entry in found] == [("b-1", date(2025, 3, 1))]
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app, ["prices", "stale", "--days", "30", "--source", str(repository.folder), "--json"]
    )
    assert [entry["model"] for entry in json.loads(result.output)] == ["b-1", "a-1"]


def test_who_reads_a_model_again_says_so_in_a_commit(repository, line, monkeypatch, tmp_path):
    repository.write_sound(line(evidence_date="2025-01-01"), line(model="b-1", evidence_date="2025-01-01"))
    repository.commit()
    monkeypatch.chdir(tmp_path)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")
    where = ("--source", str(repository.folder))
    page = ("--evidence", "https://acme.example/pricing")

    def run(*arguments):
        result = CliRunner().invoke(app, ["prices", *arguments, *where])
        return result.exit_code, result.output

    def listed():
        return {entry["model"]: entry["result"] for entry in json.loads(run("stale", "--json")[1])}

    assert set(listed()) == {"a-1", "b-1"}
    assert run("confirm", "a-1", *page)[0] == 0
    assert listed() == {"b-1": ""}
    assert run("confirm", "b-1", *page, "--result", "changed")[0] == 0
    assert listed() == {"b-1": "changed"}
    assert repository.git("log", "-1", "--format=%s|%(trailers:key=Price-Check,valueonly)") == (
        "Read the prices of acme/b-1: changed|acme/b-1"
    )
    code, said = run("confirm", "c-1", *page)
    assert (code, "no provider has a price for c-1" in said) == (1, True)
    code, said = run("confirm", "a-1", *page, "--result", "fine")
    assert (code, "'fine' is none of same, changed, gone" in said) == (1, True)
    assert repository.git("status", "--porcelain") == ""
