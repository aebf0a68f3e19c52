"""What `spanledger doctor` says is wrong, in words: one test for each thing that can be."""

import errno
import fcntl
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from tests.instrumentation.mocked import call

import spanledger
from spanledger import doctor, inspection
from spanledger.inspection import NOTE, OK, PROBLEM


def said(findings: Any, level: str | None = None) -> str:
    return "\n".join(finding.text for finding in findings if level in (None, finding.level))


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial calls have a test of their own."""
    monkeypatch.setattr(doctor, "_try", lambda _: None)


@pytest.mark.usefixtures("untried")
def test_no_tenant_is_noted_and_disabled_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "paid by nobody" in said(doctor.examine(), NOTE)
    monkeypatch.setenv("SPANLEDGER_TENANT", "acme")
    assert "paid by `acme`" in said(doctor.examine(), OK)
    assert said(doctor.examine(), PROBLEM) == ""
    monkeypatch.setenv("SPANLEDGER_DISABLED", "1")
    assert "SPANLEDGER_DISABLED is set" in said(doctor.examine(), PROBLEM)


@pytest.mark.usefixtures("untried")
def test_the_log_and_its_prices_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPANLEDGER_LOG_CALLS", "1")
    assert "leaves a line in the log" in said(doctor.examine(), OK)
    monkeypatch.setenv("SPANLEDGER_SEEDS", str(tmp_path / "absent"))
    assert f"price catalogue {tmp_path / 'absent'} cannot be read" in said(doctor.examine(), PROBLEM)


@pytest.mark.parametrize("error", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_spool_that_cannot_be_written_is_a_problem_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: int
) -> None:
    class Failing:
        def __init__(self, **_: Any) -> None:
            raise OSError(error, os.strerror(error))

    monkeypatch.setattr(tempfile, "TemporaryFile", Failing)
    assert os.strerror(error) in said(inspection.spool(tmp_path / "spool"), PROBLEM)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_trial_line_reaches_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Path("/dev/full").open("wb"))  # noqa: SIM115
    assert "No space left on device" in said(inspection.spool(tmp_path), PROBLEM)


def test_a_disk_that_is_nearly_full_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    for free, wrong in ((255 << 20, True), (256 << 20, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert ("Less than 256 MiB" in said(inspection.spool(tmp_path), PROBLEM)) is wrong


def sealed(spool: Path, seconds: float) -> None:
    """One sealed file of this age."""
    spanledger.instrument(tenant="t")
    call()
    spanledger.uninstrument()
    (file,) = spool.glob("*.jsonl")
    os.utime(file, (time.time() - seconds,) * 2)


def test_files_without_a_shipper_are_no_problem(spool: Path) -> None:
    sealed(spool, 90_000)
    assert "1 sealed file(s), 1 KiB, the oldest 1 day(s) old" in said(inspection.spool(spool), OK)
    assert said(inspection.spool(spool), PROBLEM) == ""


@pytest.mark.parametrize(("age", "level"), [(30, NOTE), (7300, PROBLEM)])
def test_a_shipper_that_does_not_run_is_asked_for(spool: Path, age: float, level: str) -> None:
    sealed(spool, age)
    (spool / ".ship.lock").touch()
    assert "start `spanledger ship`" in said(inspection.spool(spool), level)


@pytest.mark.parametrize(
    ("age", "level", "words"), [(30, OK, "a shipper is at work"), (7300, PROBLEM, "oldest 2 hour(s) old")]
)
def test_a_shipper_that_is_behind_is_a_problem(spool: Path, age: float, level: str, words: str) -> None:
    sealed(spool, age)
    with (spool / ".ship.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert words in said(inspection.spool(spool), level)


def test_lost_calls_are_a_problem_and_torn_files_none(spool: Path) -> None:
    sealed(spool, 5)
    trailers = [
        '{"process":"a","dropped":3}',
        '{"process":"a","dropped":5}',
        '{"process":"b","dropped":1}',
        "[1]",
    ]
    for number, trailer in enumerate(trailers):
        (spool / f"{number}.jsonl").write_text(f'{{"kind":"span"}}\n{trailer}\n')
    (spool / "torn.jsonl").write_bytes(b'{"kind":"span"')
    assert said(inspection.spool(spool), PROBLEM).startswith("6 call(s) were lost")


def test_processes_that_write_and_files_of_dead_ones_are_counted(spool: Path) -> None:
    spanledger.instrument(tenant="t")
    call()
    (spool / "dead-000001.jsonl.open").write_text("")
    findings = list(inspection.spool(spool))
    assert "1 process(es) write right now" in said(findings, OK)
    assert "1 file(s) were left by processes that were killed" in said(findings, NOTE)


def test_an_instrumentation_of_the_same_calls_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, point in (("opentelemetry-instrumentation-openai", "openai"), ("opentelemetry-httpx", "httpx")):
        folder = tmp_path / f"{name.replace('-', '_')}-0.62.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.62.0\n")
        (folder / "entry_points.txt").write_text(f"[opentelemetry_instrumentor]\n{point} = some:Thing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = said(inspection.others(), NOTE)
    assert "opentelemetry-instrumentation-openai 0.62.0. Where their spans reach the ledger" in found
    assert "opentelemetry-httpx" not in found


def test_a_missing_extra_is_named_with_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "spanledger[collect]" not in said(inspection.others())
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setattr(
        inspection, "_EXTRAS", {"collect": ("uvicorn", "`spanledger ship`"), "no": ("no.such", "x")}
    )
    assert said(inspection.others(), OK) == (
        "Not installed here, and not needed for capture: `spanledger ship` with 'spanledger[collect]'; "
        "x with 'spanledger[no]'."
    )
