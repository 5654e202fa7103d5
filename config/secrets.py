"""Secrets: references in the settings become values in memory, and only there (X1).

A value never enters a message: problems name the setting and the variable, file or program that should hold it.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from model.errors import ConfigurationError, Problem
from model.secret import Secret

COMMAND_TIMEOUT_SECONDS = 10.0
LARGEST_SECRET_BYTES = 65_536

_LOOKS_SECRET = re.compile(r"(?=[^\s/]*\d)(?=[^\s/]*[A-Za-z])[^\s/]{12,}")

_KEPT_BY_A_CONNECTOR = ("token_file",)
"""How the names of options end whose file holds a secret that changes, as refresh_token_file."""

_OF_SEVERAL_LINES = re.compile(r"(^|\.)(private_key|storage\..+|config\..+)$")
"""Settings whose secret may have several lines, as a key in PEM form; what others hold is sent within one line."""

OptionsModel = TypeVar("OptionsModel", bound=BaseModel)
Sought = TypeVar("Sought", Secret, Path)
_WITHOUT_PARTS = (str, int, float, type(None), Decimal, timedelta)
"""What most settings are; nothing is looked for in them."""


class _UnreadableError(Exception):
    """Why one reference gives no value, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Place:
    """Where references lead: the environment, and the folder that relative paths start from."""

    environment: Mapping[str, str]
    root: Path
    timeout_seconds: float = COMMAND_TIMEOUT_SECONDS


def resolve(
    settings: OptionsModel,
    *,
    environment: Mapping[str, str],
    root: Path,
    timeout_seconds: float = COMMAND_TIMEOUT_SECONDS,
) -> OptionsModel:
    """A copy of the settings in which every Secret has its value.

    Relative paths start at ``root`` and commands run there, without a shell. Raise ConfigurationError with one problem
    per setting whose secret cannot be had.
    """
    place = _Place(environment, root, timeout_seconds)
    values: dict[str, str | _UnreadableError] = {}
    problems: list[Problem] = []
    for path, secret in secrets_of(settings):
        if secret.reference not in values:
            values[secret.reference] = _value_or_reason(secret.reference, place)
        found = _fitting(values[secret.reference], path)
        if isinstance(found, _UnreadableError):
            problems.append(Problem(found.message, path, found.hint))
    if problems:
        raise ConfigurationError(*problems) from None
    resolved: OptionsModel = _replaced(settings, lambda secret: secret.resolved(str(values[secret.reference])))
    return resolved


def unresolvable(settings: BaseModel, *, environment: Mapping[str, str], root: Path) -> tuple[Problem, ...]:
    """Secrets that cannot be had, found without running a command: for those the program is only looked up."""
    place = _Place(environment, root)
    problems = []
    for path, secret in secrets_of(settings):
        scheme, _, rest = secret.reference.partition(":")
        try:
            if scheme == "command":
                _program(rest, place)
            elif isinstance(found := _fitting(_READERS[scheme](rest, place), path), _UnreadableError):
                raise found
        except _UnreadableError as reason:
            problems.append(Problem(reason.message, path, reason.hint))
    return tuple(problems)


def exposed_files(settings: BaseModel, *, root: Path) -> tuple[Problem, ...]:
    """Warnings about secret files that every user of the machine may read, written ones included."""
    warnings = []
    for path, file in _secret_files(settings, root):
        try:
            mode = file.stat().st_mode
        except (OSError, ValueError):
            continue  # a file that cannot be read is an error, told by resolve and unresolvable
        if mode & stat.S_IROTH:
            warnings.append(Problem(f"every user of this machine may read {file}", path, f"chmod o-rwx {file}"))
    return tuple(warnings)


def _secret_files(settings: BaseModel, root: Path) -> Iterator[tuple[str, Path]]:
    """Files that references lead to, and those that a connector keeps a secret in, by the name of their option."""
    for path, secret in secrets_of(settings):
        scheme, _, rest = secret.reference.partition(":")
        if scheme == "file":
            yield path, _file(rest, root)
    for path, file in _walk(settings, (), Path):
        if path.endswith(_KEPT_BY_A_CONNECTOR):
            yield path, _file(str(file), root)


def secrets_of(settings: BaseModel) -> Iterator[tuple[str, Secret]]:
    """Every Secret with the path of its setting: ``sources.jira.token``."""
    yield from _walk(settings, (), Secret)


def _walk(value: Any, path: tuple[str, ...], wanted: type[Sought]) -> Iterator[tuple[str, Sought]]:
    if isinstance(value, wanted):
        yield ".".join(path), value
        return
    for name, part in _parts(value):
        if not isinstance(part, _WITHOUT_PARTS):
            yield from _walk(part, (*path, name), wanted)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        for name, part in value:
            field = type(value).model_fields.get(name)
            yield (field.alias if field and field.alias else name), part
    elif isinstance(value, Mapping):
        yield from ((str(key), part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((str(index), part) for index, part in enumerate(value))


def _replaced(value: Any, change: Callable[[Secret], Secret]) -> Any:
    """The same value with its secrets changed; parts without secrets are kept as they are."""
    if isinstance(value, Secret):
        return change(value)
    if isinstance(value, BaseModel):
        changed = {name: (part, _replaced(part, change)) for name, part in value}
        return value.model_copy(update={name: new for name, (old, new) in changed.items() if new is not old})
    if isinstance(value, Mapping) and any(True for _ in _walk(value, (), Secret)):
        return {key: _replaced(part, change) for key, part in value.items()}
    if isinstance(value, (list, tuple)) and any(True for _ in _walk(value, (), Secret)):
        return type(value)(_replaced(part, change) for part in value)
    return value


def _value_or_reason(reference: str, place: _Place) -> str | _UnreadableError:
    scheme, _, rest = reference.partition(":")
    try:
        return _READERS[scheme](rest, place)
    except _UnreadableError as reason:
        return reason


def _fitting(found: str | _UnreadableError, path: str) -> str | _UnreadableError:
    """The value, unless it has characters that no header or sign-in takes: libraries quote it when they refuse it."""
    if isinstance(found, _UnreadableError) or _OF_SEVERAL_LINES.search(path):
        return found
    if any(unicodedata.category(character) == "Cc" for character in found):
        return _UnreadableError(
            "the secret has several lines or characters that cannot be seen",
            "store it again as a single line, without anything before or after it",
        )
    return found


def _from_environment(name: str, place: _Place) -> str:
    name = name.strip()
    value = place.environment.get(name)
    hint = f"set {name} in the environment in which Driftline runs"
    if value is None:
        raise _UnreadableError(f"the environment variable {name} is not set", hint)
    if not value.strip():
        raise _UnreadableError(f"the environment variable {name} is empty", hint)
    return _without_line_end(value)


def _from_file(text: str, place: _Place) -> str:
    file = _file(text, place.root)
    hint = f"put the secret into {file}, readable for the user that runs Driftline"
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise _UnreadableError(f"{file} is not a regular file", hint)
        with file.open("rb") as opened:
            content = opened.read(LARGEST_SECRET_BYTES + 1)
    except FileNotFoundError:
        raise _UnreadableError(f"there is no file {file}", hint) from None
    except (OSError, ValueError) as error:
        raise _UnreadableError(f"{file} cannot be read: {_reason(error)}", hint) from None
    return _decoded(content, str(file), hint)


def _from_command(text: str, place: _Place) -> str:
    arguments = _program(text, place)
    name = arguments[0]
    hint = f"run {name} by hand as the user that runs Driftline"
    try:
        output, errors, status = _run(arguments, place)
    except subprocess.TimeoutExpired:
        raise _UnreadableError(f"{name} gave no answer within {place.timeout_seconds:g} s", hint) from None
    except (OSError, ValueError) as error:
        raise _UnreadableError(f"{name} cannot be started: {_reason(error)}", hint) from None
    if status != 0:
        said = _first_line(errors, hidden=output)
        raise _UnreadableError(f"{name} ended with status {status}" + (f": {said}" if said else ""), hint)
    return _decoded(output, f"the answer of {name}", hint)


_READERS: Mapping[str, Callable[[str, _Place], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "command": _from_command,
}


def _run(arguments: Sequence[str], place: _Place) -> tuple[bytes, bytes, int]:
    """Run a program without a shell and without a terminal; on a time-out its whole process group ends."""
    with subprocess.Popen(  # noqa: S603 - no shell; the administrator wrote the program into the settings
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=place.root,
        env=dict(place.environment),
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=place.timeout_seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended in the meantime
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return output, errors, process.returncode


def _program(text: str, place: _Place) -> list[str]:
    """The words of a command, the first one looked up; its arguments never enter a message."""
    hint = "write command:PROGRAM ARGUMENTS, quoted as in a shell"
    try:
        arguments = shlex.split(text)
    except ValueError:
        raise _UnreadableError("the command has an open quote", hint) from None
    if not arguments:
        raise _UnreadableError("the command names no program", hint)
    program = arguments[0]
    looked_up = str(place.root / program) if "/" in program else program
    found = shutil.which(looked_up, path=place.environment.get("PATH", os.defpath))
    if found is None:
        raise _UnreadableError(f"there is no program {program}", f"install {program}, or write its full path")
    return [found, *arguments[1:]]


def _file(text: str, root: Path) -> Path:
    file = Path(text.strip())
    return file if file.is_absolute() else root / file


def _decoded(content: bytes, origin: str, hint: str) -> str:
    if len(content) > LARGEST_SECRET_BYTES:
        raise _UnreadableError(f"{origin} is longer than {LARGEST_SECRET_BYTES} bytes", hint)
    try:
        value = _without_line_end(content.decode())
    except UnicodeDecodeError:
        raise _UnreadableError(f"{origin} is not UTF-8 text", hint) from None
    if not value.strip():
        raise _UnreadableError(f"{origin} is empty", hint)
    return value


def _without_line_end(value: str) -> str:
    return value.removesuffix("\n").removesuffix("\r")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the name is not valid"


def _first_line(errors: bytes, hidden: bytes) -> str:
    """The first line a program complained with, without anything that may be a secret."""
    line = next(iter(errors.decode(errors="replace").strip().splitlines()), "")
    for word in hidden.decode(errors="replace").split():
        line = line.replace(word, "***")
    line = _LOOKS_SECRET.sub("***", line)
    return "".join(character for character in line if character.isprintable())[:200]
