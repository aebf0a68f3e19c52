"""One file and some variables: which wins, and what a mistake in them says."""

from pathlib import Path

import pytest

from spanledger_warehouse.errors import ConfigurationError
from spanledger_warehouse.settings import load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def configure(text, name="spanledger.toml"):
    Path(name).write_text(text, encoding="utf-8")


def test_without_file_and_variables_the_defaults_hold():
    found = load_settings(environ={})
    assert found.home.path == Path(".spanledger")
    assert (found.home.spool, found.home.landing) == (Path(".spanledger/spool"), Path(".spanledger/landing"))
    assert found.home.published_file == Path(".spanledger/published/spanledger.duckdb")
    assert (found.seeds_source, found.seeds_ref, found.memory_limit) == (None, None, None)


def test_the_file_sets_what_it_names():
    configure(
        'home = "lake"\nlanding = "drop"\nmemory_limit = "1GB"\n[seeds]\nsource = "prices"\nref = "v2"\n'
    )
    found = load_settings(environ={})
    assert (found.home.path, found.home.landing, found.home.spool) == (
        Path("lake"),
        Path("drop"),
        Path("lake/spool"),
    )
    assert (found.seeds_source, found.seeds_ref, found.memory_limit) == (Path("prices"), "v2", "1GB")


def test_a_variable_wins_over_the_file_and_an_empty_one_does_not():
    configure('home = "lake"\nmemory_limit = "1GB"\n[seeds]\nref = "v2"\n')
    found = load_settings(
        environ={"SPANLEDGER_HOME": "elsewhere", "SPANLEDGER_SEEDS_REF": "v3", "SPANLEDGER_MEMORY_LIMIT": ""}
    )
    assert (found.home.path, found.seeds_ref, found.memory_limit) == (Path("elsewhere"), "v3", "1GB")


def test_a_home_that_is_given_wins_over_all_and_brings_its_own_folders():
    configure('home = "lake"\nspool = "drop"\n')
    found = load_settings("mine", environ={"SPANLEDGER_HOME": "theirs", "SPANLEDGER_LANDING": "zone"})
    assert found.home.path == Path("mine")
    assert (found.home.spool, found.home.landing) == (Path("mine/spool"), Path("mine/landing"))


def test_the_file_may_have_another_name():
    configure('home = "lake"\n', "other.toml")
    assert load_settings(environ={"SPANLEDGER_CONFIG": "other.toml"}).home.path == Path("lake")


def test_an_empty_name_of_the_file_is_no_name():
    configure('home = "lake"\n')
    assert load_settings(environ={"SPANLEDGER_CONFIG": ""}).home.path == Path("lake")


def test_a_named_file_that_is_not_there_is_an_error():
    with pytest.raises(ConfigurationError, match=r"SPANLEDGER_CONFIG names gone\.toml, which is not a file"):
        load_settings(environ={"SPANLEDGER_CONFIG": "gone.toml"})


MISTAKES = {
    "an unknown key": ('hom = "x"', r"unknown setting 'hom'; known are .*home"),
    "an unknown key of a table": ('[seeds]\nreference = "x"', r"unknown setting 'seeds\.reference'"),
    "a number": ("memory_limit = 4", r"setting 'memory_limit' is 4; it must be a string"),
    "a table for a text": ('[home]\npath = "x"', r"unknown setting 'home\.path'"),
    "bad TOML": ("home = lake", r"is not valid TOML"),
}


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_file_is_told_with_its_name(text, message):
    configure(text)
    with pytest.raises(ConfigurationError, match=rf"spanledger\.toml.*{message}"):
        load_settings(environ={})


def test_a_file_that_is_no_text_is_told_with_its_name():
    Path("spanledger.toml").write_bytes(b'home = "\xff"')
    with pytest.raises(ConfigurationError, match=r"spanledger\.toml is not valid TOML"):
        load_settings(environ={})


def test_a_home_below_the_users_home_may_begin_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(environ={"SPANLEDGER_HOME": "~/lake"}).home.path == tmp_path / "lake"
