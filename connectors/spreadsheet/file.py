"""The workbook as bytes: one bounded read of a regular file.

Nothing here opens the workbook; the handle is closed before anything is parsed (X23).
"""

import difflib
import os
import stat
from pathlib import Path

from connectors.spreadsheet.place import FilePath
from model.errors import SourceContentError, SourceError, SourceGoneError, SourceUnavailableError

_KEPT = "the stored rows stay as they are and the file is read again at the next run"


def read_workbook_file(path: Path, root: Path | None, most_bytes: int) -> bytes:
    """Read the file once and whole.

    Raise SourceGoneError when it is not there, SourceUnavailableError while it is locked or being written (S11, X23)
    and SourceContentError when it is no regular file or too large (F7).
    """
    _check_root(path, root)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise _cannot_open(path, error) from error
    try:
        content = _read_stable(handle, path, most_bytes)
    except OSError as error:
        raise _cannot_open(path, error) from error
    finally:
        os.close(handle)
    return content


def _check_root(path: Path, root: Path | None) -> None:
    if root is None:
        return
    try:
        inside = path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        # Links that lead in a circle.
        inside = False
    if not inside:
        raise SourceContentError(
            f"{path.name} lies outside {root}", location=str(path), hint="move the workbook there, or change root:"
        )


def _cannot_open(path: Path, error: OSError) -> SourceError:
    """Say what the operating system's refusal means for the run."""
    if path.is_symlink():
        return SourceContentError(
            f"{path.name} is a symbolic link", location=str(path), hint="name the file that the link points to"
        )
    if isinstance(error, FileNotFoundError) and path.parent.is_dir():
        names = [other.name for other in path.parent.glob(f"*{path.suffix}") if not other.name.startswith("~$")]
        near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else "check path: in the source's settings"
        return SourceGoneError(f"there is no workbook {path.name} in {path.parent}", location=str(path), hint=hint)
    if isinstance(error, FileNotFoundError):
        return SourceUnavailableError(
            f"the directory {path.parent} is not there", location=str(path), hint="check that the share is mounted"
        )
    if isinstance(error, PermissionError):
        return SourceUnavailableError(
            f"{path.name} is locked or must not be read by this user; {_KEPT}",
            location=str(path),
            hint="close it where it is open, or allow this user to read it",
        )
    return SourceUnavailableError(
        f"{path.name} cannot be read: {error.strerror}; {_KEPT}",
        location=str(path),
        hint="check that the drive answers and that the path is a file",
    )


def _read_stable(handle: int, path: Path, most_bytes: int) -> bytes:
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        raise SourceContentError(f"{path.name} is not a regular file", location=str(path), hint="name a workbook file")
    if before.st_size > most_bytes:
        raise SourceContentError(
            f"{path.name} has {before.st_size / 1e6:.0f} MB and is larger than the limit",
            location=str(path),
            hint="remove pictures and old sheets, or raise largest_file_megabytes",
        )
    with os.fdopen(os.dup(handle), "rb") as file:
        content = file.read(most_bytes + 1)
    after = os.fstat(handle)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        raise being_written(path)
    return content


def being_written(
    path: FilePath, hint: str = "if this lasts, open the file in Excel and save it again"
) -> SourceUnavailableError:
    """The file is not whole at the moment; nothing is concluded from it (S11)."""
    return SourceUnavailableError(
        f"{path.name} is incomplete or being written; {_KEPT}",
        location=str(path),
        hint=hint,
    )
