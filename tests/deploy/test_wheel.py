"""The wheel holds everything that runs and nothing else, and what is installed from it works without the sources.

With DRIFTLINE_WHOLE_PACKAGE=1 (``make proof``) it is built and installed with pip, and with pipx and uv where they are;
that takes a package index and about two minutes. Otherwise only the list of its files is looked at.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.deploy.locks import ROOT, RUNNING

WHOLE = bool(os.environ.get("DRIFTLINE_WHOLE_PACKAGE"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
LIST = """
import json
from setuptools.dist import Distribution

distribution = Distribution({"script_name": "setup.py"})
distribution.parse_config_files()
building = distribution.get_command_obj("build_py")
building.ensure_finalized()
building.editable_mode = False
print(json.dumps(building.get_outputs(include_bytecode=False)))
"""
# Not imported here: it does not bear that somebody else in this process took the old distutils before.
LISTED = pytest.mark.skipif(find_spec("setuptools") is None, reason="setuptools is not installed")
INSTALLED = pytest.mark.skipif(not WHOLE, reason="builds and installs packages: make proof")


def packaged(root: Path) -> set[str]:
    """The files of a wheel, as setuptools names them before it builds one."""
    command = [sys.executable, "-W", "ignore", "-c", LIST]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    built = Path("build", "lib")
    return {str(Path(name).relative_to(built)) for name in json.loads(done.stdout)}


def sources(*rooms: str) -> set[str]:
    found = [path.relative_to(ROOT) for room in rooms for path in (ROOT / room).rglob("*") if path.is_file()]
    return {str(path) for path in found if "__pycache__" not in path.parts}


@LISTED
def test_every_file_of_every_room_is_in_the_wheel_and_nothing_else():
    """Templates, catalogues, migrations, samples: what lies in a room is read by it."""
    assert packaged(ROOT) == sources(*ROOMS) | {"scheduler.py"}


@LISTED
def test_a_catalogue_that_nobody_packages_is_noticed(tmp_path: Path):
    """The negative control."""
    for name in [*ROOMS, "scheduler.py", "README.md"]:
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert '"languages/*/*.po"' in text
    (tmp_path / "pyproject.toml").write_text(text.replace(', "languages/*/*.po"', ""), encoding="utf-8")
    lacking = sources(*ROOMS) - packaged(tmp_path)
    assert lacking
    assert all(name.endswith(".po") for name in lacking)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built twice, with different rights for new files: both archives come out the same."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for folder, mask in ((first, 0o022), (second, 0o077)):
        command = [sys.executable, ROOT / "deploy" / "package" / "dist.py", folder]
        subprocess.run(command, check=True, umask=mask, env=os.environ | {"SOURCE_DATE_EPOCH": "1790000000"})
    made = {path.name: path.read_bytes() for path in first.iterdir()}
    assert set(made) == {f"driftline-{VERSION}-py3-none-any.whl", f"driftline-{VERSION}.tar.gz"}
    assert {path.name: path.read_bytes() for path in second.iterdir()} == made
    return first / f"driftline-{VERSION}-py3-none-any.whl"


def by_pip(wheel: Path, folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    pip = [folder / "env" / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--requirement", RUNNING], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return folder / "env" / "bin" / "driftline"


def by_pipx(wheel: Path, folder: Path) -> Path:
    own = {"PIPX_HOME": str(folder / "home"), "PIPX_BIN_DIR": str(folder / "bin"), "PIPX_MAN_DIR": str(folder / "man")}
    command = [_program("pipx"), "install", f"--pip-args=--constraint={RUNNING}", f"{wheel}[demo]"]
    subprocess.run(command, check=True, env=os.environ | own)
    return folder / "bin" / "driftline"


def by_uv(wheel: Path, folder: Path) -> Path:
    own = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    command = [_program("uv"), "tool", "install", "--quiet", "--python", sys.executable]
    subprocess.run(
        [*command, "--constraints", RUNNING, f"driftline[demo] @ {wheel.as_uri()}"], check=True, env=os.environ | own
    )
    return folder / "bin" / "driftline"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


@INSTALLED
@pytest.mark.parametrize("install", [by_pip, by_pipx, by_uv])
def test_what_is_installed_from_the_wheel_works(
    install: Callable[[Path, Path], Path], wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = install(wheel, tmp_path / "installed")
    monkeypatch.delenv("PYTHONPATH", raising=False)

    def run(*words: str) -> str:
        done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert VERSION in run("--version")
    assert "driftline.yaml" in run("init", "company")
    for line in (tmp_path / "company" / ".env.example").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            monkeypatch.setenv(line.removesuffix("="), "a-secret")
    assert run("--config", "company", "check").startswith("ok: ")
    assert "EUR 480,000" in run("demo")
    assert run("--config", "demo", "check").startswith("ok: ")
