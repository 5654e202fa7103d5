"""A virtual environment for the length of one command, filled from a lock file with hashes."""

import subprocess
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def environment(lock: Path) -> Iterator[Path]:
    """The folder of its programs; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="driftline-") as folder:
        venv.create(folder, with_pip=True, symlinks=True)
        programs = Path(folder) / "bin"
        run(programs / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", lock)
        yield programs


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    subprocess.run(command, cwd=cwd, env=env, check=True)  # noqa: S603 - no shell; our own words
