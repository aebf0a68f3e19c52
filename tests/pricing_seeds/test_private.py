"""Contracts, tenants and budgets in a repository of their own: both commits are told, each history is its own."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.pricing_seeds.conftest import SeedsRepository, price_line
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span
from tests.warehouse.seeds import UNITS
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.looking import read_configured_seeds
from spanledger_warehouse.seeds import SeedError, parse, read_seeds
from spanledger_warehouse.seeds.private import split_commit, with_private
from spanledger_warehouse.seeds.rows import FILES
from spanledger_warehouse.seeds.tables import columns_of
from spanledger_warehouse.verify import verify


def table(file, *rows):
    """The text of a seed file: its header, and rows by column."""
    columns = list(columns_of(FILES[file]))
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join([*lines, ""])


def discount(factor, **cells):
    """A discount of acme-corp's."""
    scope = {"adjustment": "acme-2026", "kind": "discount", "tenant": "acme-corp", "provider": "acme"}
    return {**scope, "effective_from": "2026-01-01T00:00:00Z", "factor": factor, "reference": "C-17", **cells}


@pytest.fixture
def public(tmp_path):
    repository = SeedsRepository(tmp_path / "prices")
    repository.write_sound(price_line(), price_line(unit="output", price="15.00"))
    repository.write("units.csv", UNITS)
    repository.commit()
    return repository


@pytest.fixture
def private(tmp_path):
    repository = SeedsRepository(tmp_path / "contracts")
    repository.write("adjustments.csv", table("adjustments.csv", discount("0.9")))
    repository.write("tenants.csv", table("tenants.csv", {"tenant": "acme-corp", "name": "Acme"}))
    repository.commit("Sign\n\nReason: a year's commitment", author="Grace")
    return repository


class BothLedger(Ledger):
    """A warehouse that prices from what its settings name."""

    @property
    def seeds(self):
        return read_configured_seeds(self.settings)


@pytest.fixture
def ledger(tmp_path, public, private):
    ledger = BothLedger(tmp_path / "home")
    named = {"seeds_source": public.folder, "private_source": private.folder}
    ledger.settings = replace(ledger.settings, **named)
    ledger.land("1.jsonl", [span(1, usage=chat(1000, 100), tenant="acme-corp")])
    return ledger


@pytest.fixture
def prices(monkeypatch, tmp_path, public, private):
    """Run `spanledger prices …` with both repositories configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPANLEDGER_CONFIG", raising=False)
    monkeypatch.delenv("SPANLEDGER_HOME", raising=False)
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(public.folder))
    monkeypatch.setenv("SPANLEDGER_PRIVATE_SEEDS", str(private.folder))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")

    def run(*arguments, code=0):
        result = CliRunner().invoke(app, ["prices", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_a_run_names_both_commits_and_prices_by_the_contract(ledger, public, private):
    ledger.run()
    commits = tuple(repository.git("rev-parse", "HEAD") for repository in (public, private))
    [told] = ledger.published_rows("select seeds_commit, seeds_state, seeds_source from ops.publication")
    assert split_commit(told["seeds_commit"]) == commits
    assert (told["seeds_state"], str(private.folder) in told["seeds_source"]) == ("committed", True)
    [cost] = ledger.published_rows("select list_cost_usd as l, contracted_cost_usd as c from marts.calls")
    assert cost["l"] > 0
    assert cost["c"] == cost["l"] * Decimal("0.9")


def test_a_change_of_either_repository_is_something_new(ledger, private):
    ledger.run()
    assert ledger.look().nothing_new
    private.write("adjustments.csv", table("adjustments.csv", discount("0.8")))
    private.commit("Better")
    assert ledger.look().seeds_changed
    assert len(ledger.run()) == 1
    [cost] = ledger.published_rows("select list_cost_usd as l, contracted_cost_usd as c from marts.calls")
    assert cost["c"] == cost["l"] * Decimal("0.8")


def test_what_was_published_is_rebuilt_from_both_commits(ledger, public, private):
    ledger.run()
    private.write("adjustments.csv", table("adjustments.csv", discount("0.5")))
    private.commit()
    public.write(
        "prices/acme.csv", price_line(), price_line(unit="output", price="15.00"), price_line(model="b")
    )
    public.commit()
    assert verify(ledger.settings).equal


def test_the_audit_trail_is_of_both(ledger, private):
    private.write("adjustments.csv", table("adjustments.csv", discount("0.85")))
    changed = private.commit("Bargain\n\nReason: more volume", author="Finn", committer="Ada")
    ended = discount("0.85", effective_to="2026-12-01T00:00:00Z")
    private.write("adjustments.csv", table("adjustments.csv", ended))
    private.commit("End it")
    private.write("adjustments.csv", table("adjustments.csv"))
    private.commit("Take it away")
    ledger.run()
    columns = "action, tenant_id, old_price, new_price, author, commit_id, reason, summary, file"
    rows = ledger.rows(f"select {columns} from marts.price_audit where file = 'private/adjustments.csv'")
    assert [row["summary"] for row in rows] == [
        "discount acme-2026 (acme-corp acme): none → factor 0.9",
        "discount acme-2026 (acme-corp acme): factor 0.9 → factor 0.85",
        "discount acme-2026 (acme-corp acme): factor 0.85 ends at 2026-12-01T00:00:00Z",
        "discount acme-2026 (acme-corp acme): factor 0.85 taken away",
    ]
    assert [row["action"] for row in rows] == ["create", "change", "end", "end"]
    assert {row["tenant_id"] for row in rows} == {"acme-corp"}
    change = rows[1]
    assert (change["old_price"], change["new_price"]) == (Decimal("0.9"), Decimal("0.85"))
    assert (change["author"], change["commit_id"], change["reason"]) == (
        "Finn <finn@acme.example>",
        changed,
        "more volume",
    )


def test_the_commands_know_which_repository_is_meant(prices, public, private):
    assert "0 error(s)" in prices("check") or "no findings" in prices("check")
    assert "discount acme-2026 (acme-corp acme): none → factor 0.9" in prices("log")
    private.git("switch", "--quiet", "-c", "topic")
    private.write("adjustments.csv", table("adjustments.csv", discount("0.8")))
    private.commit("Better")
    shown = prices("diff", "main", "topic", "--source", private.folder)
    assert "private/adjustments.csv: 1 line(s) more, 1 line(s) less" in shown
    assert prices("diff") == "no price changes\n"
    before = private.git("rev-parse", "HEAD")
    prices(
        *("set", "a-1", "input", "2.5", "--from", "2026-12-01"),
        *("--evidence", "https://acme.example/pricing", "--reason", "cheaper"),
    )
    assert private.git("rev-parse", "HEAD") == before
    assert "a-1: input 3 → 2.5" in public.git("log", "-1", "--format=%s")


def test_the_check_of_the_private_repository_alone_uses_the_configured_prices(prices, private):
    private.write("adjustments.csv", table("adjustments.csv", discount("0.9", provider="nobody")))
    answer = json.loads(prices("check", "--source", private.folder, "--base", "main", "--json", code=1))
    [finding] = answer["findings"]
    assert (finding["file"], finding["line"]) == ("private/adjustments.csv", 2)
    assert finding["message"] == "'nobody' has no prices"


def test_what_a_contract_would_move_is_told_before_it_is_merged(prices, ledger, private):
    ledger.run()
    private.git("switch", "--quiet", "-c", "topic")
    private.write("adjustments.csv", table("adjustments.csv", discount("0.8")))
    private.commit("Better")
    shown = prices(
        "impact", "--base", "main", "--source", private.folder, "--home", ledger.settings.home.path, "--json"
    )
    answer = json.loads(shown)
    [cost] = ledger.published_rows("select list_cost_usd as l from marts.calls")
    assert Decimal(answer["past_usd"]) == cost["l"] * Decimal("-0.1")


def test_prices_do_not_belong_into_the_private_repository(public, private):
    private.write("prices/acme.csv", price_line(price="1.00"))
    private.commit()
    with pytest.raises(SeedError, match=r"hold prices/acme\.csv; only adjustments\.csv"):
        with_private(public.read(), private.read())


def test_uncommitted_private_seeds_mark_the_whole(public, private):
    private.write("adjustments.csv", table("adjustments.csv", discount("0.8")))
    joined = with_private(public.read(), read_seeds(private.folder, allow_uncommitted=True))
    assert joined.state == "uncommitted"
    assert parse(joined).require().adjustments[0].place == "private/adjustments.csv:2"


def test_a_rewritten_private_history_is_told(ledger, private):
    private.write("adjustments.csv", table("adjustments.csv", discount("0.8")))
    tip = private.commit()
    ledger.run()
    private.git("reset", "--quiet", "--hard", "HEAD~1")
    private.write("adjustments.csv", table("adjustments.csv", discount("0.7")))
    private.commit()
    ledger.run()
    [row] = ledger.rows("select history_problem as said from pricing.seeds")
    assert row["said"] == f"history was rewritten: a run priced from {tip[:12]}, which is not in it"
