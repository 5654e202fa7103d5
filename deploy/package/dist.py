"""Builds the sdist, and the wheel from it: the same files and the same time give the same bytes.

    python deploy/package/dist.py [FOLDER]

What is packaged is what git holds or would take, from a copy: nothing that an earlier build left behind gets in, and
the folder one works in stays as it is. Time is SOURCE_DATE_EPOCH, or else that of the last commit.
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from throwaway import environment, run

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path(__file__).with_name("build.lock")
NOT_OURS = {"build", "dist", "node_modules", "__pycache__"}
LEVEL = 9


def git(*words: str) -> str | None:
    """What git answers; None where there is no git or this is no repository of its own, as in an unpacked sdist."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return None
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words


def sources() -> list[Path]:
    """The files to package, relative to the root and sorted."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        found = {Path(name) for name in listed.split("\0") if name}
    else:
        found = {path.relative_to(ROOT) for path in ROOT.rglob("*")}
    return sorted(path for path in found if (ROOT / path).is_file() and not _is_foreign(path))


def _is_foreign(path: Path) -> bool:
    return any(part in NOT_OURS or part.endswith(".egg-info") or part.startswith(".venv") for part in path.parts)


def epoch() -> int:
    """The time that everything in the archives bears."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    committed = git("log", "-1", "--format=%ct")
    return int(committed) if committed else int((ROOT / "pyproject.toml").stat().st_mtime)


def copy_sources(target: Path, when: int) -> None:
    """Modes and times are told by no file system that the archives could differ by."""
    for path in sources():
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
        copy.chmod(0o755 if os.access(ROOT / path, os.X_OK) else 0o644)
        os.utime(copy, (when, when))


def settle(sdist: Path, when: int) -> None:
    """Write an sdist anew: sorted, owned by nobody, with one time. setuptools takes no time for it."""
    packed = io.BytesIO()
    with tarfile.open(sdist) as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            clean = tarfile.TarInfo(member.name)
            clean.type, clean.size, clean.mtime = member.type, member.size, when
            clean.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(clean, old.extractfile(member) if member.isfile() else None)
    with sdist.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=when) as packing:
        packing.write(packed.getvalue())


def build(target: Path) -> list[Path]:
    """Both archives, in ``target``."""
    os.umask(0o022)
    when = epoch()
    target.mkdir(parents=True, exist_ok=True)
    with environment(LOCK) as programs, tempfile.TemporaryDirectory(prefix="driftline-") as folder:
        copy, made = Path(folder) / "sources", Path(folder) / "made"
        copy_sources(copy, when)
        settings = os.environ | {"SOURCE_DATE_EPOCH": str(when), "PYTHONHASHSEED": "0"}
        run(programs / "python", "-m", "build", "--no-isolation", "--outdir", made, copy, env=settings)
        for sdist in made.glob("*.tar.gz"):
            settle(sdist, when)
        return [Path(shutil.copyfile(path, target / path.name)) for path in sorted(made.iterdir())]


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    if git("status", "--porcelain"):
        print("note: this is not what was committed last", file=sys.stderr)  # noqa: T201
    for path in build(target):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}")  # noqa: T201


if __name__ == "__main__":
    main()
