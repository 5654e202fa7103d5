"""The configuration's files: found, read within limits, and named the way a person would name them."""

import glob
import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mapping.document import Document, SourceText
from model.errors import ConfigurationError, Problem

SETTINGS_NAME = "driftline.yaml"
LARGEST_FILE_BYTES = 1_000_000
MOST_FILES = 1_000

_PLACES = (SETTINGS_NAME, f"config/{SETTINGS_NAME}")
_MAGIC = "*?["


def find_settings(start: Path, explicit: Path | None = None) -> Path:
    """The settings file: the explicit file, or the one in the explicit folder or in ``start``, or in its config/.

    Raise ConfigurationError with every place that was searched.
    """
    if explicit is not None and not explicit.is_dir():
        if explicit.exists():
            return explicit
        raise _nothing_at([explicit])
    places = [(explicit or start) / place for place in _PLACES]
    for place in places:
        if place.exists():
            return place
    raise _nothing_at(places)


def _nothing_at(places: Sequence[Path]) -> ConfigurationError:
    searched = " and ".join(shown(place) for place in places)
    return ConfigurationError(
        f"there is no settings file; searched: {searched}",
        hint="run driftline init to write a starter set, or name the file with --config",
    )


def shown(path: Path) -> str:
    """The path as a message names it: from the working directory where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # the working directory is gone, or lies on another drive
        return str(path)
    return relative if len(relative) < len(str(path)) else str(path)


def read_file(path: Path) -> SourceText:
    """Read one file; raise ConfigurationError when it is too large, not UTF-8 text or cannot be read at all."""
    name = shown(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigurationError("this is not a file", location=name, hint="name a YAML file")
        with path.open("rb") as opened:
            content = opened.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        hint = "check that the file exists and that this user may read it"
        raise ConfigurationError(f"the file cannot be read: {reason}", location=name, hint=hint) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise ConfigurationError("the file is larger than 1 MB", location=name, hint="split it into several files")
    try:
        return SourceText(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise ConfigurationError(
            "the file is not UTF-8 text", location=f"{name}:{line}:{column}", hint="save it with the encoding UTF-8"
        ) from None


def matching_files(
    document: Document, key: str, patterns: Sequence[str], root: Path
) -> tuple[list[Path], list[Problem]]:
    """The files that the patterns under ``key`` name, each once; a pattern that names none is a problem.

    So is one that names the settings file. What is there and cannot be read is named too, so that reading it tells why.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    settings = os.path.realpath(document.path)
    for index, pattern in enumerate(patterns):
        matches = {os.path.realpath(path): path for path in reversed(_matches(pattern, root))}
        if not matches:
            problems.append(document.problem((key, index), *_no_match(pattern, root)))
        if matches.pop(settings, None):
            message = f"{pattern} names the settings file itself"
            problems.append(document.problem((key, index), message, "name the files more closely: mapping/*.yaml"))
        for real, path in reversed(matches.items()):
            found.setdefault(real, path)
        if len(found) > MOST_FILES:
            hint = "name the files more closely"
            return [], [document.problem((key, index), f"{key} names more than {MOST_FILES:,} files", hint)]
    return list(found.values()), problems


def _matches(pattern: str, root: Path) -> list[Path]:
    if not pattern.strip() or not pattern.isprintable():
        return []
    if not any(character in pattern for character in _MAGIC):
        path = root / pattern
        return [path] if _is_there(path) else []
    matches: list[Path] = []
    for path in _walked(pattern, root):
        if _is_there(path):
            matches.append(path)
        if len(matches) > MOST_FILES:
            break
    return sorted(matches)


def _walked(pattern: str, root: Path) -> Iterator[Path]:
    """Whatever a pattern names. ``**`` enters no folder through a link, because links can lead round in circles."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from (root / name for name in glob.iglob(pattern, root_dir=root))
        return
    plain = list(itertools.takewhile(lambda part: not any(character in part for character in _MAGIC), parts))
    base = root.joinpath(*plain)
    for path in base.glob(
        "/".join("*" if set(part) == {"*"} and part != "**" else part for part in parts[len(plain) :])
    ):
        if not any(part.startswith(".") for part in path.relative_to(base).parts):
            yield path


def _is_there(path: Path) -> bool:
    """Whether there is anything but a folder: a file, a link that leads nowhere, a pipe."""
    try:
        return os.path.lexists(path) and not path.is_dir()
    except (OSError, ValueError, RuntimeError):  # a link that leads to itself
        return True


def _no_match(pattern: str, root: Path) -> tuple[str, str]:
    if any(character in pattern for character in _MAGIC):
        return f"no file matches {pattern}", f"patterns start in {shown(root)}; run driftline init for a starter set"
    if pattern.strip() and pattern.isprintable() and (root / pattern).is_dir():
        return f"{pattern} is a folder", f"write {pattern.rstrip('/')}/*.yaml to mean the files in it"
    return f"there is no file {pattern}", f"paths start in {shown(root)}; run driftline init for a starter set"
