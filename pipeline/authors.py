"""Who edited a file last, as far as git or the file system tell."""

import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 5.0
"""How long git may take; who it was is good to know and nothing waits for it."""
LONGEST_NAME = 80
MOST_NAMES = 3
FROM_GIT, FROM_OWNER = "git", "file owner"

# Nothing that the folder's own git configuration names is started.
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=", "--no-optional-locks", "--literal-pathspecs")


def authors_of(files: Iterable[Path]) -> tuple[str, str]:
    """Who edited these files last, and how that is known; both are empty when nobody can tell.

    The author of a file's last commit, unless it was edited since then: then its owner.
    """
    told = [_author_of(file) for file in files]
    names = list(dict.fromkeys(name for name, _ in told if name))
    sources = list(dict.fromkeys(source for name, source in told if name))
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else ""), " and ".join(sources)


def _author_of(file: Path) -> tuple[str, str]:
    if (committed := _committed_by(file)) is not None:
        return committed, FROM_GIT
    with suppress(OSError, KeyError, NotImplementedError):
        return _short(file.owner()), FROM_OWNER
    return "", ""


def _committed_by(file: Path) -> str | None:
    """The author of the last commit of a file; None when it is not kept in git or was edited since."""
    if _git(file, "diff", "--quiet", "--no-ext-diff", "--no-textconv", "HEAD", "--", file.name) is None:
        return None
    said = _git(file, "log", "-1", "--format=%an", "--", file.name)
    return _short(said) if said and said.strip() else None


def _git(file: Path, *words: str) -> str | None:
    """What git says in the file's folder; None when it is not there, fails or takes too long."""
    program = shutil.which("git")
    if program is None or not file.parent.is_dir():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the words are ours and a file's name comes after --
            [program, *_QUIET, *words],
            cwd=file.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace") if done.returncode == 0 else None


def _short(name: str) -> str:
    visible = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(visible.split())[:LONGEST_NAME]
