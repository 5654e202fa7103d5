"""Which file is read when ``path`` is a pattern: one match, or the newest where that is asked for (X20)."""

import fnmatch
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from connectors.spreadsheet.place import FilePath, RemotePath
from model.errors import SourceContentError, SourceGoneError, SourceUnavailableError

Pick: TypeAlias = Literal["only", "newest"]
"""What to do when several files match."""

WILDCARDS = frozenset("*?")
"""Square brackets are part of a name: people call files ``Tracker [final].xlsx``."""


def pick_file(path: FilePath, pick: Pick, beside: Callable[[RemotePath], Mapping[str, int]] | None = None) -> FilePath:
    """Give the one file that is meant; a path without wildcards is given back as it is.

    ``beside`` lists a folder on a server.

    Raise SourceGoneError when nothing matches, SourceContentError naming the files when the choice is not clear, and
    SourceUnavailableError when the directory does not answer.
    """
    if not WILDCARDS & set(path.name):
        return path
    found = _matches(path) if isinstance(path, Path) else _matching(path, beside(path.parent) if beside else {})
    if not found:
        raise SourceGoneError(
            f"no file in {path.parent} matches {path.name}",
            location=str(path),
            hint="check path: in the source's settings",
        )
    newest = [one for one, moment in found.items() if moment == max(found.values())]
    if len(found) == 1 or (pick == "newest" and len(newest) == 1):
        return newest[0]
    if pick == "newest":
        raise _unclear(path, newest, "are equally new", "save or remove one of them")
    raise _unclear(path, list(found), f"all match {path.name}", "remove the copies, or set pick: newest")


def _matching(path: RemotePath, there: Mapping[str, int]) -> dict[FilePath, int]:
    """As ``_matches``, on a server."""
    return {path.with_name(name): there[name] for name in sorted(there) if _is_meant(name, path.name)}


def _is_meant(name: str, pattern: str) -> bool:
    folded = pattern.replace("[", "[[]").casefold()
    return not name.startswith(("~$", ".")) and fnmatch.fnmatchcase(name.casefold(), folded)


def _matches(path: Path) -> dict[FilePath, int]:
    """Each file that matches with the time of its last change; what Excel and sync clients put beside it is left out.

    A link is not followed: it could name any file under a newer date.
    """
    found: dict[FilePath, int] = {}
    try:
        with os.scandir(path.parent) as entries:
            for entry in entries:
                if _is_meant(entry.name, path.name) and entry.is_file():
                    found[path.parent / entry.name] = entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError as error:
        raise SourceUnavailableError(
            f"the directory {path.parent} cannot be listed: {error.strerror}",
            location=str(path),
            hint="check that the share is mounted and may be read",
        ) from error
    return {one: found[one] for one in sorted(found, key=str)}


def _unclear(path: FilePath, files: list[FilePath], why: str, hint: str) -> SourceContentError:
    names = [file.name for file in files]
    shown = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) < 6 else f"{', '.join(names[:5])} and others"
    return SourceContentError(f"{shown} {why}; which one is meant?", location=str(path), hint=hint)
