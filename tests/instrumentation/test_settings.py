"""Every setting: argument, variable, documentation, and what happens to a bad value."""

import dataclasses
import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest

import spanledger
from spanledger import lifecycle, settings
from spanledger.providers.routes import HostRule

README = (Path(__file__).parents[2] / "instrumentation" / "README.md").read_text()


def test_every_field_is_in_the_table_and_every_row_in_the_manual() -> None:
    assert [field.name for field in dataclasses.fields(settings.Settings)] == [
        row.argument for row in settings.TABLE
    ]
    for row in settings.TABLE:
        assert row.variable == f"SPANLEDGER_{row.argument.upper()}"
        assert re.search(rf"^\| `{row.variable}` \| `{row.argument}` \|", README, re.MULTILINE), row.variable


def test_every_attribute_is_in_the_manual() -> None:
    from spanledger import attributes

    for name in attributes.__all__:
        assert f"`{getattr(attributes, name)}`" in README, name


def test_an_argument_wins_over_its_variable() -> None:
    environment = {"SPANLEDGER_TENANT": "env", "SPANLEDGER_HOME": "/env", "SPANLEDGER_MIRROR": "off"}
    chosen, complaints = settings.examine({"tenant": "argument"}, environment)
    assert complaints == []
    assert (chosen.tenant, chosen.home, chosen.spool) == ("argument", Path("/env"), Path("/env/spool"))
    assert chosen.mirror is False


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen, _ = settings.examine({}, {})
    assert chosen.spool == tmp_path / ".spanledger" / "spool"
    assert chosen.clock is time.time_ns
    assert (chosen.mirror, chosen.disabled, chosen.error_messages) == (True, False, False)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPANLEDGER_DISABLED", "perhaps"),
        ("SPANLEDGER_MIRROR", "2"),
        ("SPANLEDGER_TENANT", "x" * 300),
        ("SPANLEDGER_PROVIDER_HOSTS", "no-provider"),
        ("SPANLEDGER_PROVIDER_HOSTS", "host:port=openai"),
        ("SPANLEDGER_PROVIDER_HOSTS", "host=open ai"),
        ("SPANLEDGER_CLOCK", "nowhere:now"),
        ("SPANLEDGER_CLOCK", "time:time"),
        ("SPANLEDGER_CLOCK", "time:sleep"),
        ("SPANLEDGER_CLOCK", "time"),
        ("SPANLEDGER_SEGMENT_BYTES", "-1"),
        ("SPANLEDGER_SEGMENT_SECONDS", "nan"),
        ("SPANLEDGER_SEGMENT_SECONDS", "soon"),
    ],
)
def test_a_bad_value_is_explained_and_the_default_used(variable: str, value: str) -> None:
    chosen, complaints = settings.examine({}, {variable: value})
    assert chosen == settings.examine({}, {})[0]
    (complaint,) = complaints
    assert complaint.startswith(f"{variable} is ")
    assert complaint.endswith("The default is used.")


def test_an_unknown_argument_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    spanledger.instrument(tennant="acme")
    assert "no setting 'tennant'" in caplog.text
    assert lifecycle.active() is not None


def test_provider_hosts() -> None:
    chosen, complaints = settings.examine(
        {}, {"SPANLEDGER_PROVIDER_HOSTS": "127.0.0.1:8099/openai=openai, GW.example.com=azure.ai.openai,"}
    )
    assert complaints == []
    assert chosen.provider_hosts == (
        HostRule("127.0.0.1", 8099, "/openai", "openai"),
        HostRule("gw.example.com", None, "", "azure.ai.openai"),
    )


def test_disabled_hooks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_DISABLED", "1")
    spanledger.instrument()
    assert lifecycle.active() is None


def test_a_clock_sets_the_times_and_the_duration_stays_real(server: Any, make: Any, hosts: str) -> None:
    import httpx

    from spanledger import testing

    server.will(make.json(make.chat()))
    with testing.capture(clock=lambda: 1_700_000_000_000_000_000, provider_hosts=hosts) as captured:
        httpx.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"})
    (call,) = captured.calls
    assert call["start_time_unix_nano"] == 1_700_000_000_000_000_000
    assert 0 < call["end_time_unix_nano"] - call["start_time_unix_nano"] < 5_000_000_000


def test_unknown_error_messages_are_stored_only_by_opt_in(
    server: Any, make: Any, hosts: str, caplog: pytest.LogCaptureFixture
) -> None:
    import httpx

    from spanledger import testing

    caplog.set_level(logging.ERROR)
    server.will(make.json({"error": {"message": "Something of its own", "type": "t"}}, 400))
    for asked, expected in ((False, None), (True, "Something of its own")):
        with testing.capture(error_messages=asked, provider_hosts=hosts) as captured:
            httpx.post(f"{server.url}/openai/v1/chat/completions", json={"model": "m"})
        assert captured.calls[0].get("error_message") == expected
