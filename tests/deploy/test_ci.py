"""The templates for CI systems: their steps are run in a shell, as those systems do, against the demo company."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from config.sample import write_sample
from sandbox.world import Meridian
from tests.cli.console import driftline
from tests.databases import ON_POSTGRESQL

CI = Path(__file__).parents[2] / "deploy" / "ci"
ACTION = yaml.safe_load((CI / "github" / "action.yml").read_text())
WORKFLOW = yaml.safe_load((CI / "github" / "workflow.yml").read_text())
TEMPLATE = yaml.safe_load((CI / "gitlab" / "driftline.yml").read_text())
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
_MODE = re.compile(r"inputs\.mode == '(\w+)'")


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

    def path(self, folder: Path, *, alone: bool = False) -> None:
        """Put a folder in front of the path, or let nothing but the system's programs stand behind it."""
        self._environment["PATH"] = f"{folder}:{'/usr/bin:/bin' if alone else self._environment['PATH']}"

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


def steps(**inputs: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The scripts of the action that run with these inputs, by name, with the variables that they are given."""
    given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs
    found = {}
    for step in ACTION["runs"]["steps"]:
        wanted = _MODE.fullmatch(step.get("if", ""))
        assert wanted or "if" not in step
        if wanted is None or wanted[1] == given["mode"]:
            variables = {
                name: _INPUT.sub(lambda used: given[used[1]], text) for name, text in step.get("env", {}).items()
            }
            found[step["name"]] = (step["run"], variables)
    return found


def test_the_action_fails_by_what_stands_and_leaves_its_reports(runner: Runner, monday: Meridian):
    inputs = {"config": str(monday.folder / "driftline.yaml"), "fail-on": "minor"}
    done = [runner.run(script, **variables) for script, variables in steps(**inputs).values()]
    assert [each.returncode for each in done] == [0, 0, 1], [each.stderr for each in done]
    assert "::error::findings at or above minor stand" in done[-1].stdout
    assert runner.summary.read_text().startswith("## Driftline\n")
    reports = {path.name for path in (runner.folder / "driftline-reports").iterdir()}
    assert reports == {"driftline.md", "driftline.sarif", "driftline.xml"}
    # One file is the whole state: that is what caches keep.
    kept = [path.name for path in (monday.folder / "state").glob("driftline.db*") if "lock" not in path.name]
    assert kept == ([] if ON_POSTGRESQL else ["driftline.db"])


def test_the_action_says_the_mistake_when_the_settings_have_one(runner: Runner):
    (runner.folder / "driftline.yaml").write_text("version: 7\n")
    script, variables = steps(mode="plan")["Check settings and mapping"]
    done = runner.run(script, **variables)
    assert done.returncode == 2
    assert "driftline.yaml:1" in done.stderr


def test_the_action_does_nothing_in_a_mode_that_there_is_not(runner: Runner):
    script, variables = steps()["Install Driftline"]
    done = runner.run(script, **(variables | {"MODE": "plan; true"}))
    assert (done.returncode, done.stdout) == (2, "::error::mode is sync, plan or dry\n")


def test_every_input_of_the_action_reaches_a_step_as_a_variable_and_never_as_code():
    """What an input holds must not become part of a script."""
    used = {
        name
        for step in ACTION["runs"]["steps"]
        for value in step.get("env", {}).values()
        for name in _INPUT.findall(value)
    }
    assert used == set(ACTION["inputs"])
    assert all("${{" not in step["run"] for step in ACTION["runs"]["steps"])


FAKE_PROGRAM = """#!/bin/sh
printf '%s\\n' "$*" >> calls
case "$*" in *" plan "*) echo '**No changes.**' ;; esac
"""
FAKE_GH = """#!/bin/sh
printf '%s\\n' "$*" >> calls
case "$*" in *--paginate*) cat former ;; *body=@*) cat "${7#body=@}" >> sent ;; esac
"""


@pytest.fixture
def fakes(runner: Runner) -> Runner:
    """Programs that only write down how they were called."""
    for name, text in (("driftline", FAKE_PROGRAM), ("gh", FAKE_GH)):
        (runner.folder / name).write_text(text)
        (runner.folder / name).chmod(0o755)
    runner.path(runner.folder)
    return runner


def calls(runner: Runner) -> list[str]:
    return (runner.folder / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("former", "wanted"),
    [
        ("", "api --silent --method POST repos/acme/strategy/issues/7/comments"),
        ("41\n", "api --silent --method PATCH repos/acme/strategy/issues/comments/41"),
    ],
)
def test_a_pull_request_has_one_comment_that_tells_what_the_edit_would_change(fakes: Runner, former: str, wanted: str):
    (fakes.folder / "former").write_text(former)
    for script, variables in steps(mode="plan").values():
        given = {"GITHUB_REPOSITORY": "acme/strategy"} | variables
        done = fakes.run(script, **(given | ({"NUMBER": "7"} if "NUMBER" in variables else {})))
        assert done.returncode == 0, done.stderr
    check, plan, listed, told = calls(fakes)
    assert check == "--config driftline.yaml check --strict --without-secrets"
    assert plan == "--config driftline.yaml plan --markdown"
    assert "repos/acme/strategy/issues/7/comments" in listed
    assert told.startswith(wanted)
    assert (fakes.folder / "sent").read_text() == "<!-- driftline plan -->\n**No changes.**\n"


def test_a_dry_action_reads_no_source_and_asks_for_no_secret(fakes: Runner):
    for script, variables in steps(mode="dry").values():
        assert fakes.run(script, **variables).returncode == 0
    check, demo = calls(fakes)
    assert check == "--config driftline.yaml check --strict --without-secrets"
    assert demo.startswith("demo --folder ")


def test_files_can_be_checked_where_no_secret_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What ``check --without-secrets`` is for; without the option the same files are a mistake."""
    for name in ("JIRA_TOKEN", "ASANA_TOKEN", "SALESFORCE_CLIENT_SECRET", "GITHUB_TOKEN", "SMTP_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    write_sample(tmp_path)
    assert driftline("check", folder=tmp_path).code == 2
    assert driftline("check", "--strict", "--without-secrets", folder=tmp_path).code == 0


def test_the_workflow_gives_secrets_to_the_job_alone_that_reads_sources():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    given = {name: "secrets." in json.dumps(job) for name, job in WORKFLOW["jobs"].items()}
    assert given == {"plan": False, "from-outside": False, "sync": True}
    assert "pull_request_target" not in json.dumps(WORKFLOW, default=str)
    modes = {name: job_step(job, "OWNER/")["with"]["mode"] for name, job in WORKFLOW["jobs"].items()}
    assert modes == {"plan": "plan", "from-outside": "dry", "sync": "sync"}
    assert all(set(job_step(job, "OWNER/")["with"]) <= set(ACTION["inputs"]) for job in WORKFLOW["jobs"].values())


def job_step(job: dict[str, Any], using: str) -> dict[str, Any]:
    (found,) = [step for step in job["steps"] if step["uses"].startswith(using)]
    return dict(found)


def test_what_a_failing_job_found_is_kept_for_the_next():
    """A cache that is saved after success alone would show the same findings as new every day."""
    saving = job_step(WORKFLOW["jobs"]["sync"], "actions/cache/save")
    assert saving["if"] == "always()"
    assert TEMPLATE[".driftline-state"]["cache"]["when"] == "always"
    assert WORKFLOW["jobs"]["sync"]["concurrency"]["cancel-in-progress"] is False
    assert TEMPLATE["driftline-sync"]["resource_group"]


def test_actionlint_finds_nothing_in_the_workflow():
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("there is no actionlint here")
    done = subprocess.run([program, CI / "github" / "workflow.yml"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def job(name: str) -> tuple[list[str], dict[str, Any]]:
    base = TEMPLATE[".driftline"]
    extends = TEMPLATE[name]["extends"]
    assert extends == ".driftline" or extends[0] == ".driftline"
    return [*base["before_script"], *TEMPLATE[name]["script"]], base["variables"]


def test_the_gitlab_job_fails_by_what_stands_and_leaves_its_reports(runner: Runner, monday: Meridian):
    lines, variables = job("driftline-sync")
    changed = {"DRIFTLINE_CONFIG": str(monday.folder / "driftline.yaml"), "DRIFTLINE_FAIL_ON": "minor"}
    done = runner.run("\n".join(lines), **(variables | changed))
    assert done.returncode == 1, done.stderr
    junit = TEMPLATE["driftline-sync"]["artifacts"]["reports"]["junit"]
    assert (runner.folder / junit).read_text().startswith("<?xml")


@contextmanager
def gitlab(notes: list[dict[str, Any]]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A server that lists these notes, two to a page, and what is written to it."""
    written: list[tuple[str, str, str]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            page = int(parse_qs(address.query).get("page", ["1"])[0])
            found = {"id": 9} if address.path == "/user" else notes[2 * page - 2 : 2 * page]
            self._answer(found, str(page + 1) if len(notes) > 2 * page else "")

        def do_POST(self) -> None:
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            written.append((self.command, self.path, text))
            self._answer({}, "")

        do_PUT = do_POST  # noqa: N815 - the name that http.server asks for

        def _answer(self, content: object, following: str) -> None:
            assert self.headers["PRIVATE-TOKEN"] == "glpat-1"
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("X-Next-Page", following)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", written
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("again", [False, True])
def test_a_merge_request_has_one_note_that_tells_what_the_edit_would_change(fakes: Runner, again: bool):
    mark = "<!-- driftline plan -->"
    notes = [{"id": 1, "author": {"id": 8}, "body": f"{mark} somebody's"}, {"id": 2, "author": {"id": 9}, "body": "hi"}]
    if again:
        notes.append({"id": 3, "author": {"id": 9}, "body": f"{mark}\nformer"})
    lines, variables = job("driftline-plan")
    with gitlab(notes) as (url, written):
        done = fakes.run(
            "\n".join(lines),
            **variables,
            CI_API_V4_URL=url,
            CI_PROJECT_ID="5",
            CI_MERGE_REQUEST_IID="7",
            DRIFTLINE_COMMENT_TOKEN="glpat-1",
        )
    assert done.returncode == 0, done.stderr
    where = "/projects/5/merge_requests/7/notes"
    expected = ("PUT", f"{where}/3") if again else ("POST", where)
    assert written == [(*expected, f"{mark}\n**No changes.**\n")]


def test_a_merge_request_needs_no_secret(fakes: Runner):
    for name in ("driftline-plan", "driftline-dry"):
        lines, variables = job(name)
        done = fakes.run("\n".join(lines), **variables)
        assert done.returncode == 0, done.stderr
    strict = "--config driftline.yaml check --strict --without-secrets"
    assert calls(fakes) == [strict, "--config driftline.yaml plan --markdown", strict, "demo --folder driftline-demo"]


def test_a_job_without_the_program_says_how_to_name_it(runner: Runner):
    lines, variables = job("driftline-dry")
    runner.path(runner.folder, alone=True)
    done = runner.run(lines[0], **variables)
    assert done.returncode == 2
    assert "hint: set DRIFTLINE_PACKAGE" in done.stderr
