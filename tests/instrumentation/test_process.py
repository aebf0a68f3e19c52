"""Whole processes: light import, zero code, OTEL_* variables, the command line."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import opentelemetry.environment_variables
import opentelemetry.instrumentation.environment_variables
import opentelemetry.sdk.environment_variables
import pytest

HEAVY = (
    "httpx",
    "httpx2",
    "opentelemetry",
    "wrapt",
    "duckdb",
    "dagster",
    "sqlglot",
    "rich",
    "typer",
    "asyncio",
)
CALL = """
import httpx2
client = httpx2.Client(transport=httpx2.MockTransport(
    lambda _: httpx2.Response(200, json={"model": "m", "choices": [], "usage": {"prompt_tokens": 3}})))
client.post("https://api.openai.com/v1/chat/completions", json={"model": "m" * 200})
"""


def run(*command: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == code, ended.stderr + ended.stdout
    return ended


def python(source: str, **environment: str) -> str:
    return run(sys.executable, "-W", "error", "-c", source, **environment).stdout


def test_importing_loads_nothing_heavy() -> None:
    loaded = python(
        "import sys; before = set(sys.modules); import spanledger; print(*(set(sys.modules) - before))"
    )
    assert not [name for name in loaded.split() if name.split(".")[0] in HEAVY]


def test_instrumenting_loads_no_http_library() -> None:
    loaded = python("import sys, spanledger; spanledger.instrument(); print(*sys.modules)").split()
    assert not [name for name in loaded if name in ("httpx", "httpx2", "duckdb", "dagster", "rich", "typer")]


def test_a_library_imported_later_is_hooked_on_import(records: Any) -> None:
    python(f"import spanledger; spanledger.instrument()\n{CALL}")
    assert [record["input_tokens"] for record in records()] == [3]


def test_a_library_aliased_to_another_is_hooked_once(records: Any) -> None:
    python(f"import httpx2, spanledger; httpx2.alias_httpx(); spanledger.instrument(); import httpx\n{CALL}")
    assert len(records()) == 1


def test_it_works_where_neither_library_is_installed() -> None:
    python(
        "import sys; sys.modules['httpx'] = sys.modules['httpx2'] = None; import spanledger; spanledger.instrument()"
    )


def test_zero_code(tmp_path: Path, records: Any) -> None:
    app = tmp_path / "app.py"
    app.write_text(CALL)
    command = Path(sys.executable).with_name("opentelemetry-instrument")
    run(str(command), "--traces_exporter", "none", sys.executable, str(app), SPANLEDGER_TENANT="zero")
    assert [(record["tenant"], record["input_tokens"]) for record in records()] == [("zero", 3)]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "nonsense"),
        ("OTEL_TRACES_EXPORTER", "nonsense"),
        ("OTEL_PYTHON_ID_GENERATOR", "nonsense"),
        ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "nonsense"),
        ("OTEL_PROPAGATORS", "none"),
    ],
)
def test_no_otel_variable_switches_billing_off(variable: str, value: str, records: Any) -> None:
    python(f"import spanledger; spanledger.instrument()\n{CALL}", **{variable: value})
    (record,) = records()
    assert record["request_model"] == "m" * 200
    assert record["usage_status"] == "complete"


# A child for each variable; it imports OpenTelemetry itself, since some are read by imports.
EVERY_VARIABLE = """
import os, sys, httpx2
failed = []
for variable in sys.argv[1:]:
    child = os.fork()
    if not child:
        os.environ[variable] = "nonsense"
        os.environ["SPANLEDGER_SPOOL"] = os.path.join(os.environ["SPANLEDGER_HOME"], variable)
        import spanledger
        spanledger.instrument()
        exec(os.environ["CALL"])
        os._exit(not spanledger.flush())
    if os.waitpid(child, 0)[1]:
        failed.append(variable)
sys.exit(" ".join(failed) or None)
"""


def test_no_variable_that_opentelemetry_knows_switches_billing_off(tmp_path: Path) -> None:
    modules = (
        opentelemetry.environment_variables,
        opentelemetry.instrumentation.environment_variables,
        opentelemetry.sdk.environment_variables,
    )
    # The ones that are honoured are tested below.
    variables = {name for module in modules for name in vars(module) if name.startswith("OTEL_")}
    variables -= {"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"}
    assert len(variables) > 80
    home = tmp_path / "home"
    run(
        sys.executable,
        "-W",
        "error",
        "-c",
        EVERY_VARIABLE,
        *sorted(variables),
        CALL=CALL,
        SPANLEDGER_TENANT="t",
    )
    for variable in variables:
        (file,) = (home / variable).glob("*.jsonl")
        record = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
        assert (record["request_model"], record["usage_status"]) == ("m" * 200, "complete"), variable


def test_resource_variables_are_honoured(records: Any) -> None:
    attributes = "deployment.environment.name=prod,team=a%20b"
    python(
        f"import spanledger; spanledger.instrument()\n{CALL}",
        OTEL_SERVICE_NAME="svc",
        OTEL_RESOURCE_ATTRIBUTES=attributes,
    )
    (record,) = records()
    assert (record["service"], record["environment"], record["resource"]["team"]) == ("svc", "prod", "a b")
    assert records("segment")[0]["service"] == "svc"


def test_doctor_says_what_is_right_and_what_is_wrong(tmp_path: Path) -> None:
    healthy = run(sys.executable, "-m", "spanledger", "doctor", SPANLEDGER_TENANT="t")
    assert "httpx2" in healthy.stdout
    for library in ("httpx", "httpx2", "aiohttp", "requests", "botocore"):
        assert re.search(rf"^ok +{library} \S+ is hooked", healthy.stdout, re.MULTILINE), library
    assert "survive the process, not a power cut" in healthy.stdout
    (tmp_path / "file").write_text("")
    ill = run(
        sys.executable,
        "-m",
        "spanledger",
        "doctor",
        code=1,
        SPANLEDGER_SPOOL=str(tmp_path / "file" / "spool"),
        SPANLEDGER_MIRROR="perhaps",
        SPANLEDGER_OTLP="also",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        SPANLEDGER_STRICT="1",
        SPANLEDGER_FSYNC="always",
    )
    assert "Nobody answers at the OTLP endpoint 127.0.0.1:9" in ill.stdout
    assert "Calls without a tenant are refused" in ill.stdout
    assert "survive the process and a power cut" in ill.stdout
    assert "cannot be written" in ill.stdout
    assert "SPANLEDGER_MIRROR is 'perhaps'" in ill.stdout
    assert "3 problem(s)" in ill.stdout


@pytest.mark.parametrize(
    ("missing", "extra"), [("typer", "warehouse"), ("duckdb", "warehouse"), ("dagster", "pipelines")]
)
def test_a_missing_extra_is_named(missing: str, extra: str, tmp_path: Path) -> None:
    package = tmp_path / "spanledger_pipelines"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "commands.py").write_text(f"import sys; sys.modules[{missing!r}] = None; import {missing}")
    source = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from spanledger.command import main; sys.exit(main())"
    ended = run(sys.executable, "-c", source, "report", code=2)
    assert f"pip install 'spanledger[{extra}]'" in ended.stderr


def test_the_public_names_are_sorted_and_all_there() -> None:
    import spanledger

    assert spanledger.__all__ == sorted(spanledger.__all__)
    assert set(spanledger.__all__) == {
        "CallContext",
        "__version__",
        "carry",
        "context",
        "current",
        "flush",
        "instrument",
        "record",
        "uninstrument",
    }
    assert all(hasattr(spanledger, name) for name in spanledger.__all__)


def test_attribute_names_are_those_of_the_conventions() -> None:
    from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

    from spanledger import attributes

    for name in attributes.__all__:
        if name.startswith("GEN_AI_") and hasattr(gen_ai_attributes, name):
            assert getattr(attributes, name) == getattr(gen_ai_attributes, name)
