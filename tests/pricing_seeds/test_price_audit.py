"""The audit trail as a table: what a run writes into `pricing.price_audit` from a real repository."""

import subprocess
from datetime import datetime
from decimal import Decimal

import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import chat, span

MERGED = datetime(2026, 2, 3, 3, 5, 6)  # noqa: DTZ001 - the clock of the fixture, naive UTC as the warehouse keeps it


@pytest.fixture
def ledger(tmp_path, repository):
    ledger = Ledger(tmp_path / "home")
    ledger.seeds_folder = repository.folder
    ledger.land("1.jsonl", [span(1, usage=chat(10, 1))])
    return ledger


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file


def _problem(ledger):
    return ledger.rows("select history_problem from pricing.seeds")[0]["history_problem"]


def test_a_signed_merge_with_approval_is_told_whole(ledger, repository, line, key):
    repository.write_sound(line())
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    (repository.folder / "allowed_signers").write_text(f"ada@acme.example {public}\n")
    first = repository.commit()
    repository.git("switch", "--quiet", "-c", "topic")
    dearer = {"price": "3.50", "effective_from": "2026-01-01T00:00:00Z", "change_kind": "price_change"}
    repository.write_sound(line(), line(**dearer))
    repository.commit("Raise", author="Grace", committer="Grace")
    repository.git("switch", "--quiet", "main")
    words = "Merge\n\nReason: announced\nApproved-by: Finn <finn@acme.example>"
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    repository.git(*signing, "merge", "--quiet", "--no-ff", "-S", "-m", words, "topic")
    merge = repository.git("rev-parse", "HEAD")
    ledger.run()

    old, new = ledger.rows("select * from pricing.price_audit order by action desc")
    assert (old["action"], old["commit_id"], old["signature"], old["approver"]) == (
        "create",
        first,
        "none",
        "none",
    )
    wanted = {
        "action": "change",
        "summary": "a-1 input: 3.00 → 3.50",
        "old_price": Decimal(3),
        "new_price": Decimal("3.5"),
        "author": "Grace <grace@acme.example>",
        "committer": "Ada <ada@acme.example>",
        "authored_at": MERGED,
        "committed_at": MERGED,
        "lag_seconds": 33 * 86400 + 3 * 3600 + 5 * 60 + 6,
        "commit_id": merge,
        "signature": "good (ada@acme.example)",
        "reason": "announced",
        "approver": "Finn <finn@acme.example> (merge commit)",
        "evidence_url": "https://acme.example/pricing",
        "supersedes": None,
        "superseded_by": None,
        "seed_line": 3,
    }
    assert {name: new[name] for name in wanted} == wanted
    assert ledger.rows("select price_id from marts.price_audit where signature <> 'none'") == [
        {"price_id": new["price_id"]}
    ]
    assert _problem(ledger) is None


def test_what_supersedes_and_is_superseded_is_in_the_table(ledger, repository, line):
    repository.write_sound(line())
    repository.commit()
    ledger.run()
    [wrong] = ledger.rows("select price_id from pricing.price_audit")
    repository.write_sound(line(), line(price="3.10", change_kind="correction", supersedes=wrong["price_id"]))
    repository.commit()
    ledger.run()
    first, second = ledger.rows("select * from pricing.price_audit order by action desc")
    assert first["superseded_by"] == second["price_id"]
    assert (second["action"], second["supersedes"]) == ("correct", wrong["price_id"])


def test_a_run_tells_that_history_was_rewritten_since_an_earlier_one(ledger, repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(), line(unit="output", price="15.00"))
    tip = repository.commit()
    ledger.run()
    assert _problem(ledger) is None
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    ledger.run()
    assert _problem(ledger) is None  # back to an older commit: all of it is still there
    repository.write_sound(line(), line(unit="output", price="16.00"))
    repository.commit()
    ledger.run()
    assert _problem(ledger) == f"history was rewritten: a run priced from {tip[:12]}, which is not in it"
    [found] = ledger.rows(
        "select violations, severity from marts.data_quality where check_name = 'seeds_history'"
    )
    assert found == {"violations": 1, "severity": "warning"}


def test_a_run_tells_of_a_line_that_was_edited_in_place(ledger, repository, line):
    repository.write_sound(line())
    repository.commit()
    ledger.run()
    repository.write_sound(line(note="cheaper for friends"))
    repository.commit("Edit a note in place")
    ledger.run()
    assert _problem(ledger).startswith("prices/acme.csv:2: a line was removed or changed: a-1 input 3.00")


def test_a_default_of_the_operator_is_in_the_trail_too(ledger, repository, line):
    header = "provider,unit,effective_from,effective_to,price,per,currency,note\n"
    default = "acme,output,2026-01-01T00:00:00Z,,{},1000000,USD,the dearest\n"
    repository.write_sound(line())
    repository.write("defaults.csv", header, default.format("50.00"))
    repository.commit()
    repository.write("defaults.csv", header, default.format("60.00"))
    changed = repository.commit("Dearer", author="Grace")
    ledger.run()
    rows = ledger.rows(
        "select * from pricing.price_audit where price_id like 'd1-%' order by committed_at, action desc"
    )
    assert [row["summary"] for row in rows] == [
        "default (acme output): none → 50 USD per 1000000",
        "default (acme output): 50 USD per 1000000 → 60 USD per 1000000",
    ]
    assert (rows[1]["action"], rows[1]["author"], rows[1]["commit_id"]) == (
        "change",
        "Grace <grace@acme.example>",
        changed,
    )
    assert {row["tenant_id"] for row in rows} == {None}
