"""The wheel: what is in it, how light its import is, and that the demo runs from it with the seeds it carries."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that has the wheel; third-party packages come from this one, our sources do not."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A path in a .pth file adds the folder, but not the .pth files in it: the editable install stays out.
    (packages / "third_party.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return folder / "bin" / "python"


def test_the_wheel_holds_the_packages_their_sql_and_the_seeds(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        *(file.relative_to(ROOT / "instrumentation") for file in (ROOT / "instrumentation").rglob("*.py")),
        *(file.relative_to(ROOT / "warehouse") for file in (ROOT / "warehouse").rglob("*.py")),
        *(file.relative_to(ROOT / "warehouse") for file in (ROOT / "warehouse").rglob("*.sql")),
        *(file.relative_to(ROOT / "pipelines") for file in (ROOT / "pipelines").rglob("*.py")),
        *(
            Path("spanledger_warehouse/pricing_seeds") / file.relative_to(ROOT / "pricing_seeds")
            for file in (ROOT / "pricing_seeds").rglob("*.csv")
        ),
    }
    assert {str(path) for path in expected} <= names
    folders = {name.split("/", 1)[0] for name in names}
    assert {name for name in folders if not name.endswith(".dist-info")} == {
        "spanledger",
        "spanledger_warehouse",
        "spanledger_pipelines",
    }
    assert all(f"{package}/py.typed" in names for package in folders if not package.endswith(".dist-info"))


def test_the_base_install_asks_for_opentelemetry_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {requirement.split(">")[0] for requirement in project["dependencies"]}
    assert names == {
        "opentelemetry-api",
        "opentelemetry-instrumentation",
        "opentelemetry-sdk",
        "opentelemetry-semantic-conventions",
        "wrapt",
    }
    extras = {"otlp", "warehouse", "pipelines", "ui", "collect", "serve", "spark", "demo", "all"}
    assert extras <= set(project["optional-dependencies"])


def test_importing_the_installed_package_loads_nothing_heavy(installed: Path) -> None:
    heavy = "duckdb dagster sqlglot typer rich httpx httpx2 spanledger_warehouse spanledger_pipelines"
    program = f"import sys, spanledger; print([name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run([installed, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_demo_runs_from_the_wheel_with_the_seeds_it_carries(installed: Path, tmp_path: Path) -> None:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPANLEDGER_", "OTEL_", "PYTHON"))
    }
    program = "from spanledger.command import main; main()"
    # opentelemetry-instrument starts the service; it is found beside this interpreter's other scripts.
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
    done = subprocess.run(
        [installed, "-c", program, "demo"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(packaged) of the seeds shipped with spanledger" in done.stdout
    assert str(ROOT) not in done.stdout
