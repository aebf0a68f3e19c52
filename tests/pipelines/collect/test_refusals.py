"""What the receiver sets aside is in the quarantine after the next load, under its true reason."""

from __future__ import annotations

from pathlib import Path

import duckdb
from tests.pipelines.collect.receivers import receiver, request
from tests.warehouse.records import NOON

from spanledger_pipelines.collect.sources import digest
from spanledger_warehouse.build import create_loaded
from spanledger_warehouse.database import prepare
from spanledger_warehouse.landing.loading import load
from spanledger_warehouse.settings import load_settings

TOKEN = f'[sources.shop]\ntoken_sha256 = "{digest("t")}"\ntenants = ["acme"]\n'


def _rejects(home: Path) -> list[tuple[str, str]]:
    connection = duckdb.connect(config={"threads": 1})
    prepare(connection)
    create_loaded(connection)
    load(connection, load_settings(home, {}).home, run_id="run", now=NOON.replace(tzinfo=None))
    return connection.execute("select reason, detail from raw.rejects order by line").fetchall()


def test_every_refused_span_is_rejected_with_reason_detail_and_sender(tmp_path: Path) -> None:
    (tmp_path / "tokens.toml").write_text(TOKEN)
    message = request(3, **{"spanledger.tenant.id": "acme"})
    message.MergeFrom(request(1, first=4, **{"spanledger.tenant.id": "initech"}))
    spans = [span for one in message.resource_spans for span in one.scope_spans[0].spans]
    spans[1].trace_id = b""
    spans[2].end_time_unix_nano = 7
    damaged = request(1, broken="MARK").SerializeToString().replace(b"MARK", b"\xff\xff\xff\xff")
    with receiver(tmp_path / "home", "--tokens", str(tmp_path / "tokens.toml")) as running:
        for body in (message.SerializeToString(), damaged):
            assert running.post(body, authorization="Bearer t").status_code == 200

    found = _rejects(tmp_path / "home")

    assert [reason for reason, _ in found] == [
        "no_identity",
        "bad_time",
        "foreign_tenant",
        "unreadable_span",
    ]
    details = [detail for _, detail in found]
    assert details[0].startswith("no valid ids: trace_id=None")
    assert details[1] == "end_time_unix_nano=7 is not a time between 2020 and 2099 (sent by shop)"
    assert details[2] == "tenant 'initech' is not one of source 'shop' (sent by shop)"
    assert all(detail.endswith(" (sent by shop)") for detail in details)
