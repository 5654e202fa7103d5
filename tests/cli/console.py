"""How the tests run the command line: in this process, as a program of its own, or at a terminal of a given width."""

import contextlib
import fcntl
import io
import json
import logging
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from cli.main import main
from tests.forks import leave

ROOT = Path(__file__).parents[2]
ESCAPE = "\x1b"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Stream(io.StringIO):
    """What a command writes to; a terminal when it has columns."""

    def __init__(self, columns: int | None = None) -> None:
        super().__init__()
        self.columns = columns

    def isatty(self) -> bool:
        return self.columns is not None


def driftline(*arguments: object, folder: Path | None = None, columns: int | None = None, **environment: str) -> Said:
    """Run a command as a user does, in this process; with ``columns`` it believes itself at a terminal so wide.

    The log is put back as it was.
    """
    before = (logging.root.level, list(logging.root.handlers))
    words = [*(["-C", str(folder)] if folder else []), *map(str, arguments)]
    code: object = 0
    shown = {"TERM": "xterm-256color", "COLUMNS": str(columns or 80), "NO_COLOR": "", **environment}
    with (
        patch.dict(os.environ, shown),
        contextlib.redirect_stdout(Stream(columns)) as out,
        contextlib.redirect_stderr(Stream(columns)) as err,
    ):
        try:
            main(words)
        except SystemExit as end:
            code = end.code
        finally:
            structlog.reset_defaults()
            logging.root.setLevel(before[0])
            logging.root.handlers[:] = before[1]
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


def command_line(*arguments: object, folder: Path | None = None) -> list[str]:
    """The words that start a program of its own."""
    return [sys.executable, "-m", "cli.main", *(["-C", str(folder)] if folder else []), *map(str, arguments)]


def program(*arguments: object, folder: Path | None = None, **environment: str) -> Said:
    """Run a command as a program of its own, with its output in pipes."""
    done = subprocess.run(
        command_line(*arguments, folder=folder),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def at_a_terminal(*arguments: object, folder: Path | None = None, columns: int = 100, **environment: str) -> str:
    """What a person sees at a terminal of this width, escape codes included; stdout and stderr together.

    The command runs in a process of its own, forked from this one: importing everything anew takes longer than most
    commands do.
    """
    child, leader = pty.fork()
    if child == 0:
        _become([*(["-C", str(folder)] if folder else []), *map(str, arguments)], columns, environment)
    seen = b""
    # The end of a terminal is an error on Linux.
    with contextlib.suppress(OSError):
        while piece := os.read(leader, 65536):
            seen += piece
    os.close(leader)
    os.waitpid(child, 0)
    return seen.decode().replace("\r\n", "\n")


def _become(words: list[str], columns: int, environment: dict[str, str]) -> None:
    """Turn a child, whose terminal is empty yet, into a command; never returns."""
    try:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
            os.environ.pop(name, None)
        os.environ.update({"TERM": "xterm-256color", **environment})
        os.chdir(ROOT)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate("rww"))
        with contextlib.suppress(SystemExit):
            main(words)
    except BaseException:  # whatever it is, the test shall read it
        traceback.print_exc()
    finally:
        leave(0)


def without_escapes(text: str) -> str:
    """The text as it stands on the screen."""
    return _ESCAPES.sub("", text)
