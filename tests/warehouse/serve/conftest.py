"""A published file of tenants that would like to see each other's rows, and a server over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.warehouse.passes import Ledger
from tests.warehouse.records import NOON, chat, span
from tests.warehouse.seeds import price, seed_texts, tenant

from spanledger_warehouse.serve.app import create_app
from spanledger_warehouse.serve.callers import Door
from spanledger_warehouse.serve.console import Console, ConsoleLimits
from spanledger_warehouse.serve.editions import Editions
from spanledger_warehouse.serve.metrics import Metrics
from spanledger_warehouse.serve.replies import Serving
from spanledger_warehouse.serve.tokens import TokenFile, token_file

# Names as strangers may write them into spans: SQL, HTML, a formula; and one that is the beginning of another.
HOSTILE = ("glob'; drop table marts.calls; --", "<script>alert(1)</script>", '=HYPERLINK("//x","y")', "acme")
TENANTS = ("acme-corp", "globex", *HOSTILE)
ADJUSTMENTS = (
    "adjustment,kind,tenant,provider,model,unit,context,region,effective_from,effective_to,factor,price,per,"
    "currency,reference,note\n"
    "globex-frame-2026,discount,globex,acme,,,,,2026-01-01T00:00:00Z,,0.5,,,,frame with globex,for globex\n"
)
ATTRIBUTION = (
    "attribution,effective_from,effective_to,tenant,service,operation,metadata_key,metadata_value,target_tenant,reason\n"
    "globex-sold-it,2026-01-01T00:00:00Z,,globex,,,moved,yes,acme-corp,globex sold it to acme-corp\n"
)


def records() -> list[object]:
    """Calls of every tenant over three days; each tenant has a service, an operation and a model of its own as well."""
    made: list[object] = []
    number = 0
    for tenant_number, name in enumerate(TENANTS):
        for day in range(3):
            for own in (False, True):
                number += 1
                details = (
                    {
                        "service": f"service of {name}",
                        "operation": f"{name} op",
                        "request_model": f"{name} model",
                    }
                    if own
                    else {}
                )
                if own:
                    details["response_model"] = details["request_model"]
                made.append(
                    span(
                        number,
                        ended=NOON + timedelta(days=day, minutes=31 * tenant_number),
                        usage=chat(100 + number, 10, cached=20),
                        tenant=name,
                        metadata=f'{{"for": "{number} of tenant {tenant_number}"}}',
                        **details,
                    )
                )
        number += 1
        made.append(
            span(
                number,
                ended=NOON + timedelta(days=1, hours=tenant_number),
                tenant=name,
                http_status=500,
                error_type="500",
                status_code="error",
                usage_status="missing",
            )
        )
    return made


@dataclass
class Site:
    """A server over a published file, without a socket.

    Attributes:
        ledger: what it is published from.
        editions: what the server follows.
        tokens: who may ask.
    """

    ledger: Ledger
    editions: Editions
    tokens: TokenFile

    def __post_init__(self) -> None:
        self.console = Console(ConsoleLimits(seconds=30, memory_mib=1024, at_once=4))
        self.app = create_app(Serving(self.editions, Door(self.tokens), self.console, Metrics(self.editions)))

    def client(self, *tenants: str) -> TestClient:
        """A client with a token of these tenants; without tenants an administrator's."""
        role = "viewer" if tenants else "admin"
        token, _ = self.tokens.create("test", role=role, tenants=tenants, expires_in=timedelta(days=1))
        return TestClient(
            self.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False
        )

    @property
    def stranger(self) -> TestClient:
        """A client without a token."""
        return TestClient(self.app, raise_server_exceptions=False)


def make_ledger(home: Path) -> Ledger:
    """A ledger after two runs, the second of which restated a day; a rule gives one call of globex to acme-corp."""
    texts = seed_texts(
        price("input", "3"),
        price("cache_read", "0.3"),
        price("output", "15"),
        tenants=(tenant("globex", time_zone="Asia/Kolkata", currency="USD"),),
    )
    ledger = Ledger(home, texts | {"adjustments.csv": ADJUSTMENTS, "attribution.csv": ATTRIBUTION})
    moved = span(901, usage=chat(9, 9), tenant="globex", metadata='{"moved": "yes"}')
    late, early = records()[:2], records()[2:]
    ledger.land("early.jsonl", early)
    ledger.run()
    ledger.land("late.jsonl", [*late, span(900, usage=chat(7, 7), tenant="globex"), moved])
    ledger.run()
    return ledger


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server that tests only read from."""
    home = tmp_path_factory.mktemp("serve") / "home"
    yield from running(make_ledger(home))


def running(ledger: Ledger) -> Iterator[Site]:
    """A server over the ledger's published file, closed in the end."""
    home = ledger.settings.home
    editions = Editions(home.published_file, home.path / "serve")
    try:
        yield Site(ledger, editions, token_file(home))
    finally:
        editions.close()
