"""Installs a real tap from the package index in a virtual environment of its own, as its users do; once per machine."""

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest

OFFLINE = "DRIFTLINE_TESTS_OFFLINE"
"""Set by a developer without a network: tests with a tap that is not installed yet are skipped then, never in CI."""
_REQUIREMENTS = Path(__file__).with_name("tap_dbf_requirements.txt")
_MINUTES = 5


def installed_tap(name: str) -> Path:
    """The program of the tap. The tests fail when it cannot be installed."""
    fingerprint = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = _own_folder() / f"{name}-{fingerprint}"
    # Two workers of one test run must not install it at once.
    with (place.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            _install(place)
            (place / "complete").touch()
    return place / "bin" / name


def _install(place: Path) -> None:
    venv.create(place, with_pip=True)
    command = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--requirement", _REQUIREMENTS], capture_output=True, text=True, timeout=_MINUTES * 60, check=False
    )
    if done.returncode == 0:
        return
    if os.environ.get(OFFLINE) and not os.environ.get("CI"):
        pytest.skip(f"{_REQUIREMENTS.name} cannot be installed without a network ({OFFLINE} is set)")
    pytest.fail(
        f"{_REQUIREMENTS.name} cannot be installed from the package index; without a network set {OFFLINE}=1.\n"
        f"{done.stderr[-2000:]}",
        pytrace=False,
    )


def _own_folder() -> Path:
    """A folder below the temporary one that nobody else may write to: programs are run from it."""
    folder = Path(tempfile.gettempdir()) / f"driftline-test-taps-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or stat.S_IMODE(seen.st_mode) != 0o700:
        pytest.fail(f"{folder} is not a private folder of this user; remove it", pytrace=False)
    return folder
