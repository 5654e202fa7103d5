"""The image: sound, small in what it may do, and built from what is in the repository.

With DRIFTLINE_WHOLE_PACKAGE=1 (``make proof``) what its first stage runs is run in a shell, without a container.
"""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from state.lock import Ownership
from state.store import Store
from tests.databases import setting_of, url_of
from tests.deploy.dockerfile import DOCKERFILE, context, instructions
from tests.deploy.locks import ROOT

TEXT = DOCKERFILE.read_text("utf-8")
LINES = instructions(TEXT)
LAST = max(each.stage for each in LINES)
IGNORING = (ROOT / ".dockerignore").read_text("utf-8")
HEALTH = ROOT / "deploy" / "docker" / "health.py"
WHOLE = bool(os.environ.get("DRIFTLINE_WHOLE_PACKAGE"))
NOW = datetime(2026, 9, 15, 8, tzinfo=UTC)


def of(word: str, stage: int | None = None) -> list[str]:
    return [each.rest for each in LINES if each.word == word and stage in (None, each.stage)]


def copied() -> list[tuple[str, str]]:
    """Sources in the repository with the target of each."""
    pairs = []
    for rest in of("COPY"):
        if not rest.startswith("--from="):
            *names, target = rest.split()
            pairs += [(name, target) for name in names]
    return pairs


def hadolint(text: str) -> list[str]:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("there is no hadolint here")
    command = [program, "--no-color", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).splitlines()


def test_a_linter_finds_nothing():
    assert hadolint(TEXT) == []


def test_a_linter_would_find_something():
    """The negative control."""
    assert any("DL3007" in line for line in hadolint(TEXT.replace("python:3.13-slim AS", "python:latest AS")))


def test_everything_that_is_copied_is_there_and_given_to_the_build():
    given = context(IGNORING)
    for name, _ in copied():
        assert name == "." or Path(name) in given, name


def test_the_build_is_given_all_rooms_and_nothing_that_may_hold_a_secret():
    given = context(IGNORING)
    folders = {path.parts[0] for path in given if len(path.parts) > 1} - {"deploy"}
    packaged = re.search(r"(?s)packages\.find\]\ninclude = \[(.*?)\]", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert packaged
    assert folders == set(re.findall(r'"(\w+)\*"', packaged[1]))
    assert {str(path) for path in given if len(path.parts) == 1} == {"scheduler.py", "pyproject.toml", "README.md"}
    assert not [path for path in given if path.suffix in {".db", ".pyc"} or path.name.startswith(".env")]


def test_images_have_a_version_and_nothing_is_fetched_but_by_hash():
    bases = [rest.split()[0] for rest in of("FROM")]
    assert all(re.fullmatch(r"python:\d+\.\d+-slim", base) for base in bases), bases
    assert len(set(bases)) == 1
    assert not of("ADD")
    installs = [part for rest in of("RUN") for part in rest.split("&&") if " install " in part and "pip" in part]
    assert installs
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert not re.search(r"curl|wget|apt-get|https?://", " ".join(of("RUN")))


def test_the_program_runs_as_a_user_with_a_fixed_number_that_owns_nothing_but_its_state():
    assert of("USER", LAST) == ["10001:10001"]
    after = LINES[[each.word for each in LINES].index("USER") :]
    assert not {"RUN", "COPY"} & {each.word for each in after}
    assert not [rest for rest in of("COPY", LAST) if "--chown" in rest]


def test_no_secret_is_part_of_a_build():
    named = " ".join(of("ARG") + of("ENV") + of("LABEL"))
    assert not re.search(r"(?i)token|secret|password|key=", named)


def test_the_image_says_what_it_is():
    labels = of("LABEL", LAST)[0]
    assert {"title", "description", "version", "revision"} <= set(
        re.findall(r"org\.opencontainers\.image\.(\w+)=", labels)
    )


def health(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | variables
    command = [sys.executable, HEALTH, folder]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A setting up of the program that nothing was read with yet, and whose mapping has a mistake."""
    (tmp_path / "driftline.yaml").write_text(
        "version: 1\nbusiness: {zone: Europe/Berlin, currency: EUR}\nobjectives: [objectives.yaml]\n"
        f"state: {{url: {setting_of(tmp_path / 'driftline.db')}}}\n",
        encoding="utf-8",
    )
    (tmp_path / "objectives.yaml").write_text("version: 7\n", encoding="utf-8")
    Store.open(url_of(tmp_path / "driftline.db"), migrate=True).close()
    return tmp_path


def test_a_daemon_that_works_is_healthy_with_a_mistake_in_an_edited_file_too(company: Path):
    """A restart would take the mistake from the daemon that goes on without it, and not come up again."""
    with (
        Store.open(url_of(company / "driftline.db")) as store,
        Ownership.acquire(store, holder="driftline run", now=NOW),
    ):
        done = health(company)
    assert (done.returncode, done.stdout) == (0, "healthy\n"), done.stderr


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('{"owner": null}', "no daemon works on the state"),
        (
            '{"owner": "process 7 on elsewhere since 2026-09-15 08:00:00 UTC: driftline run"}',
            "another daemon works on the state: process 7 on elsewhere since 2026-09-15 08:00:00 UTC: driftline run",
        ),
        ("", "driftline status ended with 2: the state is locked"),
    ],
)
def test_a_container_without_a_working_daemon_is_not_healthy(tmp_path: Path, said: str, reason: str):
    answering = tmp_path / "driftline"
    answering.write_text(f"#!/bin/sh\necho '{said}'\necho 'the state is locked' >&2\nexit 2\n", encoding="utf-8")
    answering.chmod(0o755)
    done = health(tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (1, f"{reason}\n")


@pytest.mark.skipif(not WHOLE, reason="installs packages: make proof")
def test_what_the_first_stage_runs_makes_a_program_that_works(tmp_path: Path):
    """Its folders lie elsewhere here; the rest is as it stands."""
    build, made = tmp_path / "build", tmp_path / "made"
    build.mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "image"], check=True)
    environment = os.environ | {"PATH": f"{tmp_path / 'image' / 'bin'}:{os.environ['PATH']}"}
    for name, target in copied():
        if name == ".":
            for path in context(IGNORING):
                (build / target / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, build / target / path)
        elif target == "./":
            shutil.copy(ROOT / name, build)
    for script in of("RUN", 0):
        subprocess.run(
            ["sh", "-euc", script.replace("/opt/driftline", str(made))], cwd=build, env=environment, check=True
        )
    done = subprocess.run(
        [made / "bin" / "driftline", "--version"], capture_output=True, text=True, cwd="/", check=True
    )
    assert done.stdout.startswith("driftline")
    assert not (made / "bin" / "pip").exists()
