"""Prices are read from a commit; what else may serve, and what is said when nothing can be read."""

import subprocess

import pytest

from spanledger_warehouse.seeds import SeedError, read_seeds, source


def test_a_commit_is_read_and_the_working_tree_is_not(repository, line):
    repository.write_sound()
    commit = repository.commit()
    repository.write("prices/acme.csv", line(price="9.00"))
    repository.write("prices/new.csv", line(provider="new"))

    seeds = repository.read()

    assert (seeds.state, seeds.commit, seeds.ref) == ("committed", commit, "main")
    assert b"3.00" in seeds.files["prices/acme.csv"]
    assert "prices/new.csv" not in seeds.files


def test_the_folder_as_it_is_says_that_it_is_uncommitted(repository, line):
    repository.write_sound()
    commit = repository.commit()
    repository.write("prices/acme.csv", line(price="9.00"))

    seeds = repository.read_as_is()

    assert (seeds.state, seeds.commit) == ("uncommitted", f"{commit}+uncommitted")
    assert b"9.00" in seeds.files["prices/acme.csv"]
    assert seeds.digest != repository.read().digest


def test_the_same_files_have_the_same_digest_wherever_they_are(repository, tmp_path):
    repository.write_sound()
    repository.commit()
    inside = type(repository)(tmp_path / "app", "config/seeds")
    inside.write_sound()
    inside.commit()

    assert inside.read().files == repository.read().files
    assert inside.read().digest == repository.read().digest == repository.read_as_is().digest


def test_a_ref_is_read_even_when_another_branch_is_checked_out(repository, line):
    repository.write_sound()
    repository.commit()
    repository.git("switch", "--quiet", "-c", "topic")
    repository.write("prices/acme.csv", line(), line(unit="output"))
    repository.commit()

    assert b"output" not in repository.read().files["prices/acme.csv"]
    assert b"output" in read_seeds(repository.folder, "topic").files["prices/acme.csv"]


def test_the_default_branch_is_the_one_that_origin_names(repository, tmp_path):
    repository.write_sound()
    repository.git("branch", "-m", "main", "prices")
    commit = repository.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository.root), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "switch", "--quiet", "-c", "main"], check=True)

    assert (read_seeds(clone).ref, read_seeds(clone).commit) == ("prices", commit)


def test_without_a_local_default_branch_the_remote_one_serves(repository, tmp_path):
    repository.write_sound()
    commit = repository.commit()
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository.root), str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "switch", "--quiet", "-c", "topic"], check=True)
    subprocess.run(["git", "-C", str(clone), "branch", "--quiet", "-D", "main"], check=True)

    assert (read_seeds(clone).ref, read_seeds(clone).commit) == ("origin/main", commit)


def test_head_serves_where_there_is_no_default_branch(repository):
    repository.write_sound()
    repository.git("branch", "-m", "main", "anything")
    commit = repository.commit()

    assert (repository.read().ref, repository.read().commit) == ("HEAD", commit)


def test_a_plain_folder_is_refused_unless_allowed(tmp_path, repository):
    repository.write_sound()
    plain = tmp_path / "plain"
    subprocess.run(["cp", "-r", str(repository.folder), str(plain)], check=True)
    subprocess.run(["rm", "-rf", str(plain / ".git")], check=True)

    with pytest.raises(SeedError, match=r"not inside a git repository.*--uncommitted"):
        read_seeds(plain)
    assert read_seeds(plain, allow_uncommitted=True).state == "uncommitted"


def test_a_repository_without_a_commit_is_said_in_words(repository):
    repository.write_sound()
    repository.git("status")
    with pytest.raises(SeedError, match=r"has no commit yet.*commit the seeds"):
        repository.read()


def test_an_unknown_ref_is_named(repository):
    repository.write_sound()
    repository.commit()
    with pytest.raises(SeedError, match=r"no commit named 'nope'.*seeds\.ref"):
        read_seeds(repository.folder, "nope")


def test_a_commit_without_seeds_is_said_in_words(repository):
    repository.commit("Begin")
    with pytest.raises(SeedError, match=r"has no seed files in its root folder"):
        repository.read()


def test_a_configured_source_that_is_missing_is_an_error_and_nothing_else_serves(tmp_path):
    with pytest.raises(SeedError, match=r"is not a folder.*seeds\.source"):
        read_seeds(tmp_path / "nowhere")


def test_a_missing_git_is_said_in_words(repository, monkeypatch, tmp_path):
    repository.write_sound()
    repository.commit()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SeedError, match=r"no git is on PATH.*--uncommitted"):
        repository.read()
    assert repository.read_as_is().state == "uncommitted"


def test_without_a_source_the_checkout_serves(monkeypatch, repository):
    repository.write_sound()
    commit = repository.commit()
    monkeypatch.setattr(source, "checkout", lambda: repository.folder)

    assert read_seeds().commit == commit


def test_without_a_checkout_the_snapshot_in_the_wheel_serves(monkeypatch, repository, tmp_path):
    repository.write_sound()
    repository.commit()
    package = tmp_path / "package"
    package.mkdir()
    repository.folder.rename(package / "pricing_seeds")
    monkeypatch.setattr(source, "checkout", lambda: None)
    monkeypatch.setattr(source.resources, "files", lambda name: package)

    seeds = read_seeds()

    assert seeds.state == "packaged"
    assert seeds.commit.startswith("spanledger-")
    assert seeds.commit.endswith(f"+{seeds.digest[:12]}")
    assert "prices/acme.csv" in seeds.files


def test_an_installation_without_seeds_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(source, "checkout", lambda: None)
    monkeypatch.setattr(source.resources, "files", lambda name: tmp_path)
    with pytest.raises(SeedError, match=r"carries no price seeds.*seeds\.source"):
        read_seeds()


def test_editor_leftovers_are_not_seeds(repository):
    repository.write_sound()
    repository.write("prices/.acme.csv.swp", "x")
    repository.write("prices/acme.csv~", "x")
    repository.commit()

    expected = {"units.csv", "model_aliases.csv", "rules.csv", "prices/acme.csv"}
    assert set(repository.read().files) == set(repository.read_as_is().files) == expected
