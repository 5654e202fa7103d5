"""The templates for CI systems: their steps are run in a shell, as those systems do, against the demo company."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.world import Meridian

CI = Path(__file__).parents[2] / "deploy" / "ci"
ACTION = yaml.safe_load((CI / "github" / "action.yml").read_text())
TEMPLATE = yaml.safe_load((CI / "gitlab" / "driftline.yml").read_text())
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


class Runner:
    """A shell in a folder of its own, with the program on its path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
            "PATH": path,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_PATH": str(folder / "path"),
            "RUNNER_TEMP": str(folder),
        }

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.fixture
def monday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meridian]:
    with Meridian(tmp_path_factory.mktemp("ci") / "monday") as world:
        yield world


def steps(**inputs: str) -> list[tuple[str, dict[str, str]]]:
    """The scripts of the action that run with these inputs, with the variables that they are given."""
    given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
    found = []
    for step in ACTION["runs"]["steps"]:
        condition = step.get("if")
        if condition and (given["dry"] == "true") != ("== 'true'" in condition):
            continue
        variables = {name: _INPUT.sub(lambda used: given[used[1]], text) for name, text in step.get("env", {}).items()}
        found.append((step["run"], variables))
    return found


def test_the_action_fails_by_what_stands_and_leaves_its_reports(runner: Runner, monday: Meridian):
    inputs = {"config": str(monday.folder / "driftline.yaml"), "fail-on": "minor"}
    done = [runner.run(script, **variables) for script, variables in steps(**inputs)]
    assert [each.returncode for each in done] == [0, 0, 1], [each.stderr for each in done]
    assert runner.summary.read_text().startswith("## Driftline\n")
    reports = {path.name for path in (runner.folder / "driftline-reports").iterdir()}
    assert reports == {"driftline.md", "driftline.sarif", "driftline.xml"}


def test_the_action_says_the_mistake_when_the_settings_have_one(runner: Runner):
    (runner.folder / "driftline.yaml").write_text("version: 7\n")
    script, variables = steps()[1]
    done = runner.run(script, **variables)
    assert done.returncode == 2
    assert "driftline.yaml:1" in done.stderr


def test_every_input_of_the_action_reaches_a_step_as_a_variable_and_never_as_code():
    """What an input holds must not become part of a script."""
    text = (CI / "github" / "action.yml").read_text()
    used = {
        name
        for step in ACTION["runs"]["steps"]
        for value in step.get("env", {}).values()
        for name in _INPUT.findall(value)
    }
    assert used | {"dry"} == set(ACTION["inputs"])
    assert all("${{" not in step["run"] for step in ACTION["runs"]["steps"]), text


def test_a_dry_action_reads_no_source(runner: Runner):
    scripts = [script for script, _ in steps(dry="true")]
    assert scripts[-1].strip() == "driftline demo"
    assert not any(" sync " in script for script in scripts)


def job(name: str) -> tuple[list[str], dict[str, Any]]:
    base = TEMPLATE[".driftline"]
    assert TEMPLATE[name]["extends"] == ".driftline"
    return [*base["before_script"], *TEMPLATE[name]["script"]], base["variables"]


def test_the_gitlab_job_fails_by_what_stands_and_leaves_its_reports(runner: Runner, monday: Meridian):
    lines, variables = job("driftline-sync")
    changed = {"DRIFTLINE_CONFIG": str(monday.folder / "driftline.yaml"), "DRIFTLINE_FAIL_ON": "minor"}
    done = runner.run("\n".join(lines), **(variables | changed))
    assert done.returncode == 1, done.stderr
    (junit,) = [TEMPLATE["driftline-sync"]["artifacts"]["reports"]["junit"]]
    assert (runner.folder / junit).read_text().startswith("<?xml")


def test_a_merge_request_needs_no_secret():
    lines, _ = job("driftline-check")
    assert lines[1:] == ['driftline --config "$DRIFTLINE_CONFIG" check --strict', "driftline demo"]
