"""Versions: a new one is followed without a restart, one answer holds one, and readers survive a publication."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts
from tests.warehouse.serve.conftest import Site, running

from spanledger_warehouse.database import connect
from spanledger_warehouse.errors import PublishedError
from spanledger_warehouse.serve import tenant_copy
from spanledger_warehouse.serve.editions import Editions, Limits
from spanledger_warehouse.serve.scopes import EVERYBODY, Scope

COSTS = "/api/v1/analytics/llm-costs"


@pytest.fixture(scope="module")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with two tenants of one call each."""
    home = tmp_path_factory.mktemp("first") / "home"
    ledger = Ledger(home, seed_texts(price("input", "3"), price("output", "15")))
    ledger.land("first.jsonl", [span(1, usage=chat(100, 10)), span(2, usage=chat(100, 10), tenant="globex")])
    ledger.run()
    return ledger


@pytest.fixture
def live(first_version: Ledger, tmp_path: Path) -> Iterator[Site]:
    """A server over a copy of that ledger."""
    home = tmp_path / "home"
    shutil.copytree(first_version.settings.home.path, home, symlinks=True)
    ledger = Ledger(home, first_version.texts)
    ledger.now, ledger.run_number = first_version.now, first_version.run_number
    yield from running(ledger)


def more(ledger: Ledger, number: int) -> None:
    """One more call of each tenant, published as a new version."""
    at = NOON + timedelta(days=number % 3)
    calls = [
        span(10 * number + place, ended=at, usage=chat(100, 10), tenant=name)
        for place, name in enumerate(("acme-corp", "globex"))
    ]
    ledger.land(f"more-{number}.jsonl", calls)
    ledger.run()


def test_a_new_version_is_served_without_a_restart(live: Site) -> None:
    clients = (live.client(), live.client("globex"))
    answers = [client.get(f"{COSTS}/daily") for client in clients]
    more(live.ledger, 1)
    for client, before in zip(clients, answers, strict=True):
        after = client.get(f"{COSTS}/daily", headers={"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        assert after.json()["publication"]["version"] > before.json()["publication"]["version"]
        assert after.json()["totals"]["calls"] > before.json()["totals"]["calls"]


def test_it_answers_while_a_run_holds_the_warehouse(live: Site) -> None:
    with connect(live.ledger.settings) as connection:
        connection.execute("begin")
        connection.execute("delete from marts.daily_costs")
        assert live.client().get(f"{COSTS}/daily").json()["totals"]["calls"] == 2
        connection.execute("rollback")


def test_a_request_keeps_its_version_to_the_end(live: Site) -> None:
    mine = Scope(frozenset({"globex"}))
    with live.editions.current() as edition:
        more(live.ledger, 1)
        shutil.rmtree(live.ledger.settings.home.published / "versions")  # as if more had come than are kept
        with live.editions.current() as newer:
            assert newer is not edition
        with edition.marts(mine) as marts, edition.calls(mine) as calls:
            ((in_marts,),) = marts.execute("select sum(calls) from marts.daily_costs").fetchall()
            ((in_calls,),) = calls.execute("select count(*) from marts.calls").fetchall()
        assert (in_marts, in_calls) == (1, 1)
    folders = [
        path for path in (live.ledger.settings.home.path / "serve").rglob("edition-*") if path.is_dir()
    ]
    assert len(folders) == 1, "what nobody reads any more is gone"


def test_two_hundred_readers_see_one_version_each_while_versions_are_exchanged(live: Site) -> None:
    """Calls, costs and coverage of an answer have to be those of one version: every call costs the same here."""
    cost = Decimal(3 * 100 + 15 * 10) / 1_000_000
    published = live.ledger.settings.home.published_file
    more(live.ledger, 1)
    versions = sorted((published.parent / "versions").glob("*/spanledger.duckdb"))
    assert len(versions) == 2
    clients = [live.client(), live.client("globex"), live.client("acme-corp")]
    start = threading.Barrier(200)

    def read(number: int) -> str:
        start.wait()
        answer = clients[number % 3].get(f"{COSTS}/{('daily', 'by-model', 'recent-calls')[number % 3]}")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        calls = found["page"]["of"] if number % 3 == 2 else found["totals"]["calls"]
        assert Decimal(found["totals"]["contracted_cost_usd"]) == calls * cost
        assert found["coverage"]["priced_calls"] == calls
        version: str = found["publication"]["version"]
        return version

    with ThreadPoolExecutor(200) as threads:
        reading = [threads.submit(read, number) for number in range(200)]
        for number in itertools.count():  # as a run puts a version in place
            os.link(versions[number % 2], published.with_name(".next"))
            published.with_name(".next").replace(published)
            if wait(reading, timeout=0.1).done == set(reading):
                break
        seen = {one.result() for one in reading}
    assert len(seen) == 2


def test_a_damaged_version_is_not_served_and_the_last_one_stays(live: Site) -> None:
    published = live.ledger.settings.home.published_file
    assert live.client().get(f"{COSTS}/daily").status_code == 200
    damaged = published.with_name("damaged")
    damaged.write_bytes(b"not a database" * 1000)
    damaged.replace(published)
    assert live.client().get(f"{COSTS}/daily").json()["totals"]["calls"] == 2
    more(live.ledger, 1)
    assert live.client().get(f"{COSTS}/daily").json()["totals"]["calls"] == 4


def test_without_a_published_file_it_says_so_and_serves_as_soon_as_there_is_one(live: Site) -> None:
    published = live.ledger.settings.home.published_file
    waiting = published.with_name("waiting.duckdb")
    published.rename(waiting)
    client = live.client()
    answer = client.get(f"{COSTS}/daily")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:spanledger:problem:unavailable")
    assert client.get("/healthz").status_code == 200
    waiting.rename(published)
    assert client.get(f"{COSTS}/daily").json()["totals"]["calls"] == 2


def test_a_first_version_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "spanledger.duckdb").write_bytes(b"not a database" * 1000)
    editions = Editions(tmp_path / "spanledger.duckdb", tmp_path / "serve")
    with pytest.raises(PublishedError, match="cannot be read"), editions.current():
        pass
    editions.close()


def test_a_version_of_another_release_is_said_to_be_unreadable(live: Site) -> None:
    published = live.ledger.settings.home.published_file
    older = published.with_name("older.duckdb")
    shutil.copyfile(published, older)
    with duckdb.connect(str(older)) as connection:
        connection.execute("drop table marts.hourly_costs")
        connection.execute("alter table marts.calls drop column sent_tenant_id")
    older.replace(published)
    assert live.client().get(f"{COSTS}/hourly").status_code == 503
    assert live.client("globex").get(f"{COSTS}/recent-calls?to=2026-03-10").status_code == 503


def test_where_links_are_refused_a_version_is_copied(live: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("links are not for you")

    monkeypatch.setattr(os, "link", refuse)
    editions = Editions(live.ledger.settings.home.published_file, live.ledger.settings.home.path / "other")
    with editions.current() as edition, edition.marts(EVERYBODY) as cursor:
        assert cursor.execute("select count(*) from marts.calls").fetchone() == (2,)
    with editions.current() as again:
        assert again is edition, "the copy counts as the version that it was made of"
    editions.close()


def test_databases_of_tenants_beyond_the_limit_are_closed_and_made_anew(live: Site) -> None:
    home = live.ledger.settings.home
    editions = Editions(home.published_file, home.path / "other", Limits(open_databases=1))
    with editions.current() as edition:
        for _ in range(3):
            for name in ("acme-corp", "globex"):
                with edition.marts(Scope(frozenset({name}))) as cursor:
                    found = cursor.execute("select distinct tenant_id from marts.daily_costs").fetchall()
                    assert found == [(name,)]
        assert len(edition._open) == 1
    editions.close()


def test_a_tenant_too_large_for_memory_is_read_from_its_file(
    live: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise duckdb.OutOfMemoryException("as DuckDB says it")

    monkeypatch.setattr(tenant_copy, "copy_to_memory", refuse)
    with live.editions.current() as edition, edition.marts(Scope(frozenset({"globex"}))) as cursor:
        assert cursor.execute("select distinct tenant_id from marts.daily_costs").fetchall() == [("globex",)]
        paths = cursor.execute("select path from duckdb_databases() where not internal").fetchall()
    assert [Path(path).name for (path,) in paths] == ["spanledger.duckdb"]


def test_what_a_dead_server_left_is_removed_and_a_living_ones_stays(live: Site) -> None:
    home = live.ledger.settings.home
    leftover = home.path / "serve" / "server-dead"
    leftover.mkdir()
    (leftover / ".lock").touch()
    assert live.client().get(f"{COSTS}/daily").status_code == 200
    other = Editions(home.published_file, home.path / "serve")
    assert not leftover.exists()
    assert live.client().get(f"{COSTS}/daily").status_code == 200
    other.close()


def test_a_server_leaves_nothing_behind(live: Site) -> None:
    live.client("acme-corp").get(f"{COSTS}/recent-calls")
    folder = live.ledger.settings.home.path / "serve"
    assert list(folder.iterdir())
    live.editions.close()
    assert list(folder.iterdir()) == []
