"""The workflow of the README, step by step on a pull request: a bare repository, and a checkout like a runner's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.pricing_seeds.conftest import SeedsRepository, price_line

README = Path(__file__).resolve().parents[2] / "pricing_seeds" / "README.md"
USAGE = """\
day,provider,model,context,region,input_tokens_from,unit,quantity,calls
2026-11-01,acme,a-1,standard,global,1,input,2000000,50
"""
CUT = price_line(price="2.50", effective_from="2026-01-01T00:00:00Z", change_kind="price_change")


@pytest.fixture(scope="module")
def steps():
    text = re.search(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    job = yaml.safe_load(text)["jobs"]["review"]
    return job["env"], job["steps"]


@pytest.fixture
def pull_request(tmp_path, repository, line):
    """Runs the shell steps on a pull request whose head has these lines; what each left behind."""
    repository.write_sound(line())
    repository.commit()
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repository.root), str(origin)], check=True)
    (tmp_path / "usage.csv").write_text(USAGE)
    fake = tmp_path / "bin" / "gh"  # the only step that needs GitHub: it keeps what it would post
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\n[ "$1 $2 $3 $4" = "pr comment 7 --body-file" ] && cp "$5" "$RUNNER_TEMP/posted.md"\n'
    )
    fake.chmod(0o755)

    def propose(*lines):
        topic = SeedsRepository(repository.root)
        topic.git("switch", "--quiet", "-c", "topic")
        topic.write("prices/acme.csv", *lines)
        head = topic.commit("Change a price")
        topic.git("push", "--quiet", str(origin), "topic")
        workspace = tmp_path / "workspace"
        subprocess.run(["git", "clone", "--quiet", f"file://{origin}", str(workspace)], check=True)
        subprocess.run(["git", "-C", str(workspace), "checkout", "--quiet", "--detach", head], check=True)
        return workspace

    return propose


def _run(steps, tmp_path, workspace):
    """The return code of each shell step, up to the first that fails."""
    temp = tmp_path / "runner"
    temp.mkdir()
    known = {
        "github.base_ref": "main",
        "github.event.pull_request.number": "7",
        "github.token": "none",
        "vars.USAGE_URL": f"file://{tmp_path}/usage.csv",
    }

    def fill(text):
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)

    settings, todo = steps
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SPANLEDGER_")},
        **{name: fill(value) for name, value in settings.items()},
        "RUNNER_TEMP": str(temp),
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
        "PATH": os.pathsep.join(
            [str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
    }
    codes = []
    for step in todo:
        if "run" not in step or step["run"].startswith("pip install"):
            continue
        own = {name: fill(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", fill(step["run"])],
            cwd=workspace,
            env={**environment, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        codes.append((done.returncode, done.stdout + done.stderr))
        if done.returncode:
            break
    return codes


def test_a_change_is_checked_shown_and_priced_on_the_pull_request(steps, tmp_path, pull_request, line):
    codes = _run(steps, tmp_path, pull_request(line(), CUT))
    assert [code for code, _ in codes] == [0, 0, 0, 0], codes
    posted = (tmp_path / "runner" / "posted.md").read_text()
    assert "| acme | a-1 input | 3.00 → 2.50 USD | -16.7 % | 2026-01-01 | price_change |" in posted
    assert "- past: -1.00 USD on 50 calls, 2026-11-01 to 2026-11-01" in posted
    assert (tmp_path / "runner" / "summary.md").read_text() == posted


def test_an_edited_line_stops_it_at_the_check(steps, tmp_path, pull_request, line):
    codes = _run(steps, tmp_path, pull_request(line(price="2.50")))
    assert [code for code, _ in codes] == [1]
    assert "a line was removed or changed: a-1 input 3.00" in codes[0][1]


def test_it_installs_what_the_steps_need(steps):
    assert any(step.get("run") == "pip install 'spanledger[warehouse]'" for step in steps[1])
    assert any(step.get("with", {}).get("fetch-depth") == 0 for step in steps[1])
