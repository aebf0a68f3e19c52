"""Who set a price, when, why, with whose approval: from git alone."""

import subprocess
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from spanledger_warehouse.seeds import SeedError, parse, read_seeds, source
from spanledger_warehouse.seeds.provenance import audit, provenance

COMMITTED_AT = datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)


def test_the_commit_author_and_time_of_a_price(repository, line):
    repository.write_sound(line())
    commit = repository.commit("Add prices\n\nReason: acme launched", author="Grace", committer="Ada")
    (origin,) = provenance(parse(repository.read())).values()

    assert (origin.commit, origin.file, origin.line) == (commit, "prices/acme.csv", 2)
    assert origin.author == "Grace <grace@acme.example>"
    assert origin.committer == "Ada <ada@acme.example>"
    assert origin.authored_at == origin.committed_at == COMMITTED_AT
    assert (origin.reason, origin.approver) == ("acme launched", "none")


def test_re_sorting_does_not_change_where_a_price_comes_from(repository, line):
    repository.write_sound(line(), line(unit="output", price="15.00"))
    first = repository.commit()
    repository.write_sound(line(unit="output", price="15.00"), line())
    repository.commit("Sort", author="Mallory")
    origins = provenance(parse(repository.read()))

    assert {origin.commit for origin in origins.values()} == {first}
    row = parse(repository.read()).prices[0]
    assert (row.unit, origins[row.price_id].line) == ("output", 2)


def _merge(repository, line, message, *, author="Grace", merger="Ada"):
    repository.write_sound(line())
    repository.commit()
    repository.git("switch", "--quiet", "-c", "topic")
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit("Add output", author=author, committer=author)
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", message, "topic", author=merger, committer=merger)
    seeds = repository.read()
    row = next(row for row in parse(seeds).prices if row.unit == "output")
    return seeds, provenance(parse(seeds))[row.price_id]


def test_a_merge_says_who_wrote_the_price_and_who_approved_it(repository, line):
    message = "Merge output\n\nReason: launch\nApproved-by: Finn <finn@acme.example>"
    seeds, origin = _merge(repository, line, message)

    assert origin.commit == seeds.commit
    assert origin.author == "Grace <grace@acme.example>"
    assert origin.committer == "Ada <ada@acme.example>"
    assert (origin.reason, origin.approver) == ("launch", "Finn <finn@acme.example>")


@pytest.mark.parametrize(
    ("message", "merger"),
    [
        ("Merge output", "Ada"),
        ("Merge output\n\nApproved-by: Finn <finn@acme.example>", "Grace"),
        ("Merge output\n\nApproved-by: Grace <grace@acme.example>", "Ada"),
        ("Merge output\n\nApproved-by: Finn <finn@acme.example>\n\nand then some", "Ada"),
    ],
)
def test_approval_is_never_invented(repository, line, message, merger):
    _, origin = _merge(repository, line, message, merger=merger)
    assert origin.approver == "none"


def test_a_direct_commit_has_no_approver_whatever_it_says(repository, line):
    repository.write_sound(line())
    repository.commit("Add\n\nApproved-by: Finn <finn@acme.example>", author="Grace", committer="Ada")
    assert {origin.approver for origin in provenance(parse(repository.read())).values()} == {"none"}


def test_the_audit_trail_tells_every_change(repository, line):
    repository.write_sound(line())
    repository.commit()
    change = line(price="3.50", effective_from="2025-06-10T00:00:00Z", change_kind="price_change")
    repository.write_sound(line(), change)
    repository.commit()
    changed = parse(repository.read()).prices[1]
    correct = line(
        price="3.25",
        effective_from="2025-06-10T00:00:00Z",
        change_kind="correction",
        supersedes=changed.price_id,
    )
    repository.write_sound(line(), change, correct)
    repository.commit()
    corrected = parse(repository.read()).prices[2]
    end = line(
        price="3.25",
        effective_from="2025-06-10T00:00:00Z",
        effective_to="2026-01-01T00:00:00Z",
        change_kind="end",
        supersedes=corrected.price_id,
    )
    repository.write_sound(line(), change, correct, end)
    repository.commit()
    records = audit(parse(repository.read()))

    assert [(record.action, record.summary) for record in records] == [
        ("create", "a-1 input: no price → 3.00"),
        ("change", "a-1 input: 3.00 → 3.50"),
        ("correct", "a-1 input: 3.50 → 3.25"),
        ("end", "a-1 input: 3.25 ends 2026-01-01T00:00:00Z"),
    ]
    assert [record.old_price for record in records] == [None, 3, Decimal("3.50"), Decimal("3.25")]
    assert len({record.provenance.commit for record in records}) == 4


def test_a_price_of_another_context_is_no_change_of_the_standard_one(repository, line):
    repository.write_sound(line(), line(context="batch", price="1.50", tier_above="200000"))
    repository.commit()
    assert {record.summary for record in audit(parse(repository.read()))} == {
        "a-1 input: no price → 3.00",
        "a-1 input (batch, above 200000): no price → 1.50",
    }


def test_uncommitted_prices_have_no_author(repository, line):
    repository.write_sound(line())
    commit = repository.commit()
    repository.write_sound(line(), line(unit="output", price="15.00"))
    origins = list(provenance(parse(repository.read_as_is())).values())

    assert [origin.commit for origin in origins] == [commit, f"{commit}+uncommitted"]
    assert [origin.author is None for origin in origins] == [False, True]


def test_shipped_prices_come_from_the_release(monkeypatch, repository, line, tmp_path):
    repository.write_sound(line())
    package = tmp_path / "package"
    package.mkdir()
    repository.folder.rename(package / "pricing_seeds")
    monkeypatch.setattr(source, "checkout", lambda: None)
    monkeypatch.setattr(source.resources, "files", lambda name: package)
    seeds = read_seeds()
    (origin,) = provenance(parse(seeds)).values()

    assert origin.commit == seeds.commit
    assert (origin.author, origin.committed_at, origin.approver) == (None, None, "none")
    assert audit(parse(seeds))[0].action == "create"


def test_a_shallow_clone_is_refused(repository, line, tmp_path):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit()
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{repository.root}", str(clone)], check=True
    )
    with pytest.raises(SeedError, match="shallow clone"):
        provenance(parse(read_seeds(clone)))
