"""How the command line speaks: data on stdout, talk on stderr, colour only where somebody looks at it."""

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import click

from cli.plain import plain
from cli.wording import clean
from model.errors import DriftlineError, Problem


class ReaderGoneError(Exception):
    """Whoever read our standard output went away, as ``| head`` does."""


def say(line: str = "", **style: Any) -> None:
    """Write one line of data; what could steer a terminal or forge another line is taken out."""
    write(clean(line), **style)


def say_text(text: str) -> None:
    """Write a text of several lines as data."""
    for line in text.splitlines():
        say(line)


def talk(line: str = "", **style: Any) -> None:
    """Say one line that is not data."""
    # The work goes on when nobody reads what is said about it.
    with suppress(BrokenPipeError):
        click.echo(_styled(clean(line), sys.stderr, style), file=sys.stderr, color=True)


def write(text: str, **style: Any) -> None:
    """Write text to stdout as it is; raise ReaderGoneError when nobody reads it any more."""
    try:
        click.echo(_styled(text, sys.stdout, style), file=sys.stdout, color=True)
    except BrokenPipeError as error:
        raise ReaderGoneError from error


def coloured(stream: TextIO) -> bool:
    """Whether colours and bold may be used: on a terminal that can, unless NO_COLOR asks for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _styled(text: str, stream: TextIO, style: dict[str, Any]) -> str:
    return click.style(text, **style) if style and coloured(stream) else text


def say_error(error: DriftlineError) -> None:
    """Print each problem of an error in its form: what is wrong, where, one thing to do."""
    for number, problem in enumerate(error.problems):
        if number:
            talk()
        say_problem(problem)


def say_problem(problem: Problem, *, word: str = "error", colour: str = "red") -> None:
    """Print one problem; ``word`` says how bad it is."""
    for number, part in enumerate(str(problem).splitlines()):
        if number:
            talk(part)
        else:
            head = click.style(f"{word}:", fg=colour, bold=True) if coloured(sys.stderr) else f"{word}:"
            with suppress(BrokenPipeError):
                click.echo(head + clean(part.removeprefix("error:")), file=sys.stderr, color=True)


def say_warning(problem: Problem) -> None:
    """Print something that is probably not meant."""
    say_problem(problem, word="warning", colour="yellow")


def print_json(value: Any) -> None:
    """Write one JSON document: a documented contract, fields are only ever added."""
    import orjson

    write(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode())
