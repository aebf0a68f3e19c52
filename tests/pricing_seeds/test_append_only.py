"""Prices are only added: the history and the merge base are compared line by line."""

import subprocess
from datetime import date

import pytest

from spanledger_warehouse.seeds import parse, read_seeds
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.provenance import provenance

TODAY = date(2026, 11, 22)


def said_of(seeds, base=None):
    """The gate's words."""
    return [str(finding) for finding in check(seeds, base, today=TODAY)]


def test_adding_and_re_sorting_lines_passes(repository, line):
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit()
    repository.write_sound(line(unit="output", price="15.00"), line(unit="cache_read", price="0.30"), line())
    assert said_of(repository.read_as_is(), "main") == []
    repository.commit()
    assert said_of(repository.read()) == []


def test_a_changed_line_is_refused_before_it_is_committed(repository, line):
    repository.write_sound(line(), line(unit="output", price="15.00"))
    commit = repository.commit()
    repository.write_sound(line(), line(unit="output", price="16.00"))

    said = said_of(repository.read_as_is())

    assert len(said) == 1
    assert said[0].startswith(
        "prices/acme.csv:3: error: a line was removed or changed: a-1 output 15.00 from 2025"
    )
    assert f"(line 3 in commit {commit[:12]})" in said[0]
    assert (
        "Fix: put the line back as it was; to end or correct a price, add a row that supersedes it" in said[0]
    )


def test_a_line_removed_in_the_past_is_found_although_the_branch_agrees_with_its_base(repository, line):
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit()
    repository.write_sound(line())
    repository.commit("Tidy up")
    repository.git("switch", "--quiet", "-c", "topic")
    repository.write_sound(line(), line(unit="cache_read", price="0.30"))
    repository.commit("Add a price")

    said = said_of(read_seeds(repository.folder, "topic"), "main")

    assert len(said) == 1
    assert "a-1 output 15.00" in said[0]


def test_a_line_that_was_put_back_is_told_of_and_stops_nothing(repository, line):
    repository.write_sound(line(), line(unit="output", price="15.00"))
    brought = repository.commit()
    repository.write_sound(line())
    taken = repository.commit("Tidy up", author="Eve")
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit("Put it back")
    (said,) = said_of(repository.read())
    assert said.startswith("prices/acme.csv: warning: a-1 output 15.00 from 2025-01-01T00:00:00Z (line 3 in ")
    assert f"commit {brought[:12]}) was missing for a time, taken away by commit {taken[:12]} of Eve" in said


def test_an_edit_that_was_undone_is_told_of(repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(price="2.00"))
    repository.commit("Edit in place")
    repository.write_sound(line())
    repository.commit("Undo")
    errors = [said for said in said_of(repository.read()) if ": error: " in said]
    assert len(errors) == 1
    assert "a-1 input 2.00" in errors[0]  # it was a price for a time, and runs may have used it


def test_attributes_that_call_the_files_binary_hide_nothing(repository, line):
    repository.write_sound(line())
    (repository.root / ".gitattributes").write_text("*.csv -diff -text\n")
    repository.commit()
    repository.write_sound(line(price="2.00"))
    repository.commit("Edit in place")
    assert any("a line was removed or changed: a-1 input 3.00" in said for said in said_of(repository.read()))


def test_a_replaced_commit_hides_nothing(repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(price="2.00"))
    edited = repository.commit("Edit in place")
    tree = repository.git("rev-parse", f"{edited}^{{tree}}")
    clean = repository.git("commit-tree", tree, "-m", "As if it had always been so")
    repository.git("replace", edited, clean)
    assert any("a line was removed or changed: a-1 input 3.00" in said for said in said_of(repository.read()))


@pytest.mark.parametrize(("before", "after"), [("", "seeds"), ("old", "new"), ("old", "")])
def test_a_folder_that_moved_is_followed_to_where_it_came_from(tmp_path, repository, line, before, after):
    old = type(repository)(tmp_path / "app", before)
    old.write_sound(*(line(model=f"a-{number}") for number in range(5)))
    first = old.commit()
    old.write_sound(*(line(model=f"a-{number}") for number in range(1, 5)))
    old.commit("Lose a line before the move")
    new = type(repository)(old.root, after)
    for name in ("prices", "units.csv", "model_aliases.csv", "rules.csv"):
        (old.folder / name).rename(new.folder / name)
    new.commit("Move")
    (said,) = said_of(new.read())
    assert said.startswith("prices/acme.csv:2: error: a line was removed or changed: a-0 input 3.00")
    assert {origin.commit for origin in provenance(parse(new.read())).values()} == {first}


def test_a_line_of_the_base_branch_must_not_go_in_a_merge(repository, line):
    repository.write_sound(line())
    repository.commit()
    repository.git("switch", "--quiet", "-c", "topic")
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit("Add on the branch")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge topic", "topic")
    repository.write_sound(line())

    said = said_of(repository.read_as_is(), "main")

    assert len(said) == 1
    assert said[0].startswith("prices/acme.csv:3: error: a line was removed or changed")


def test_a_deleted_file_loses_all_its_lines(repository, line):
    repository.write_sound(line())
    repository.write("prices/beta.csv", line(provider="beta"))
    repository.commit()
    (repository.folder / "prices/beta.csv").unlink()
    said = said_of(repository.read_as_is())
    assert any(text.startswith("prices/beta.csv:2: error: a line was removed") for text in said)


def test_a_header_may_grow_at_its_end_only(repository, line):
    repository.write_sound(line())
    repository.commit()
    path = repository.folder / "prices/acme.csv"
    header, row = path.read_text().splitlines()
    path.write_text(f"{header},weight\n{row},\n")
    assert said_of(repository.read_as_is(), "main") == []

    first, _, rest = header.partition(",")
    path.write_text(f"{first},weight,{rest}\n")
    assert any("a line was removed or changed" in text for text in said_of(repository.read_as_is(), "main"))


def test_a_shallow_clone_is_refused_in_words(repository, line, tmp_path):
    repository.write_sound(line())
    repository.commit()
    repository.write_sound(line(), line(unit="output", price="15.00"))
    repository.commit()
    clone = tmp_path / "clone"
    address = f"file://{repository.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", address, str(clone)], check=True)

    said = said_of(read_seeds(clone))

    assert len(said) == 1
    assert "is a shallow clone" in said[0]
    assert "git fetch --unshallow" in said[0]


def test_an_unknown_base_is_said_in_words(repository, line):
    repository.write_sound(line())
    repository.commit()
    assert "has no commit named 'origin/nope'" in said_of(repository.read(), "origin/nope")[0]


def test_seeds_in_a_folder_of_a_repository_are_compared_alone(tmp_path, repository, line):
    inside = type(repository)(tmp_path / "app", "config/seeds")
    inside.write_sound(line())
    (inside.root / "prices").mkdir()
    (inside.root / "prices/other.csv").write_text("provider,model,unit\nx,y,z\n")
    inside.commit()
    (inside.root / "prices/other.csv").unlink()
    inside.commit("Remove what is not ours")
    assert said_of(inside.read(), "main") == []
