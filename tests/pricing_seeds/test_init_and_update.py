"""An organisation's own seeds over a release's catalogue: own rows win, provenance is kept, updates are one commit."""

import pytest
from tests.pricing_seeds.conftest import ALIASES, HEADER, RULES, UNITS, SeedsRepository, price_line
from typer.testing import CliRunner

from spanledger_pipelines.commands import app
from spanledger_warehouse.seeds import SeedFiles, parse, read_seeds, source
from spanledger_warehouse.seeds.check import check
from spanledger_warehouse.seeds.editing_init import init, update
from spanledger_warehouse.seeds.errors import SeedError
from spanledger_warehouse.seeds.provenance import provenance
from spanledger_warehouse.seeds.source import PACKAGED, digest_of

OUTPUT = price_line(unit="output", price="15.00")


def _snapshot(*lines, release="spanledger-1"):
    texts = {
        "units.csv": UNITS,
        "model_aliases.csv": ALIASES,
        "rules.csv": RULES,
        "tenants.csv": "not for others\n",
    }
    files = {name: text.encode() for name, text in texts.items()}
    files["prices/acme.csv"] = "\n".join([HEADER, *lines, ""]).encode()
    return SeedFiles(files, PACKAGED, release, "", "the wheel", digest_of(files))


@pytest.fixture
def ada(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@acme.example")


@pytest.fixture
def own(tmp_path, ada):
    init(tmp_path / "own", _snapshot(price_line(), OUTPUT))
    return SeedsRepository(tmp_path / "own")


def _prices(repository):
    return {row.unit: (str(row.price), row.file) for row in parse(repository.read()).require().in_force}


def test_init_makes_a_repository_that_prices_and_passes_the_check(own):
    assert _prices(own) == {
        "input": ("3.00", "vendor/prices/acme.csv"),
        "output": ("15.00", "vendor/prices/acme.csv"),
    }
    assert check(own.read_as_is(), "main") == []
    assert "not for others" not in own.read().files["tenants.csv"].decode()
    assert own.git("log", "--format=%(trailers:key=Catalogue,valueonly)") == "spanledger-1"


def test_init_touches_no_folder_that_holds_something(own):
    with pytest.raises(SeedError, match="is not empty"):
        init(own.root, _snapshot(price_line()))


def test_an_own_row_of_the_same_key_wins(own):
    own.write("prices/acme.csv", price_line(price="2.75", basis="contract"))
    own.commit(author="Grace")
    assert _prices(own)["input"] == ("2.75", "prices/acme.csv")
    origins = {origin.file: origin.author for origin in provenance(parse(own.read())).values()}
    assert origins["prices/acme.csv"] == "Grace <grace@acme.example>"
    assert origins["vendor/prices/acme.csv"] == "Ada <ada@acme.example>"


def test_an_own_correction_may_name_a_vendor_row(own):
    wrong = parse(own.read()).prices[0]
    own.write(
        "prices/acme.csv", price_line(price="2.75", change_kind="correction", supersedes=wrong.price_id)
    )
    own.commit()
    assert _prices(own)["input"] == ("2.75", "prices/acme.csv")
    assert check(own.read_as_is()) == []


def test_own_units_and_aliases_win(own):
    alias = ALIASES + "acme,a,acme,a-1,,,https://acme.example/models,\n"
    own.write("model_aliases.csv", alias)
    own.write("units.csv", UNITS.splitlines(keepends=True)[0], "request,1,,call,call,,,true,ours\n")
    own.commit()
    catalogue = parse(own.read()).require()
    assert [row.pattern for row in catalogue.aliases] == ["a"]
    assert {row.unit for row in catalogue.units} >= {"input", "request"}


def test_update_is_one_commit_and_own_rows_go_on_winning(own):
    own.write("prices/acme.csv", price_line(price="2.75"))
    own.commit()
    newer = price_line(price="2.50", effective_from="2025-06-01T00:00:00Z", change_kind="price_change")
    updated = update(own.read_as_is(), _snapshot(price_line(), newer, OUTPUT, release="spanledger-2"))
    assert (updated.prices, updated.files) == (1, ("vendor/prices/acme.csv",))
    assert own.git("rev-list", "--count", "HEAD") == "3"
    rows = [row for row in parse(own.read()).require().in_force if row.unit == "input"]
    assert sorted(str(row.price) for row in rows) == ["2.50", "2.75"]
    again = update(own.read_as_is(), _snapshot(price_line(), newer, OUTPUT, release="spanledger-2"))
    assert again.commit is None


def test_an_update_that_would_lose_a_price_is_refused(own):
    with pytest.raises(SeedError, match="a line was removed or changed"):
        update(own.read_as_is(), _snapshot(OUTPUT))
    assert own.git("status", "--porcelain") == ""


def test_update_wants_a_vendor_folder_and_a_clean_tree(own, repository, line):
    repository.write_sound(line())
    repository.commit()
    with pytest.raises(SeedError, match="no vendor/ folder"):
        update(repository.read_as_is(), _snapshot(price_line()))
    own.write("tenants.csv", "changed\n")
    with pytest.raises(SeedError, match="not committed"):
        update(own.read_as_is(), _snapshot(price_line(), OUTPUT, line(model="b-1")))


def test_the_commands(ada, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("SPANLEDGER_CONFIG", "SPANLEDGER_SEEDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(source, "checkout", lambda: None)
    snapshot = _snapshot(price_line(), OUTPUT)
    monkeypatch.setattr(source, "_read_packaged", lambda: snapshot)

    def run(*arguments):
        result = CliRunner().invoke(app, ["prices", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert f"SPANLEDGER_SEEDS={tmp_path / 'own'}" in run("init", "own")
    assert "already" in run("update", "--source", "own")
    grounds = ("--evidence", "https://acme.example/pricing", "--reason", "our own")
    run("set", "a-1", "input", "2.90", "--from", "2026-03-01", *grounds, "--source", "own")
    assert (tmp_path / "own/prices/acme.csv").is_file()
    assert len(parse(read_seeds(tmp_path / "own")).require().in_force) == 3
    assert "no findings" in run("check", "--source", "own")
    assert "byte for byte" in run("check", "--source", "own")
    for command in ("init", "update"):
        assert f"Example: spanledger prices {command}" in run(command, "--help")
