"""What goes to stdout and stderr, and in which form."""

import contextlib
import io
import json
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from unittest.mock import patch

import pytest

from cli.output import ReaderGoneError, coloured, print_json, say, say_error, say_warning, talk
from cli.plain import plain
from model.errors import ConfigurationError, Problem
from model.findings import Severity
from model.money import Money
from tests.cli.console import ESCAPE, Stream


class Broken(io.StringIO):
    """A pipe that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@contextlib.contextmanager
def a_terminal(**environment: str) -> Iterator[Stream]:
    with (
        patch.dict(os.environ, {"TERM": "xterm", "NO_COLOR": "", **environment}),
        contextlib.redirect_stderr(Stream(100)) as stream,
    ):
        yield stream


def test_every_problem_of_an_error_has_its_place_and_its_hint(capsys: pytest.CaptureFixture[str]):
    say_error(
        ConfigurationError(
            Problem("there is no objective M-1", "rules.yaml:4:7", "did you mean 'M-10'?", "    objective: M-1"),
            Problem("the file is empty", "x.yaml"),
        )
    )
    assert capsys.readouterr().err == (
        "error: there is no objective M-1\n  --> rules.yaml:4:7\n   |  objective: M-1\nhint: did you mean 'M-10'?\n"
        "\nerror: the file is empty\n  --> x.yaml\n"
    )


def test_a_warning_says_that_it_is_one(capsys: pytest.CaptureFixture[str]):
    say_warning(Problem("others may read secrets/token", hint="chmod 600 secrets/token"))
    assert capsys.readouterr().err == "warning: others may read secrets/token\nhint: chmod 600 secrets/token\n"


def test_an_error_that_quotes_a_hostile_text_is_printed_harmlessly():
    with a_terminal() as terminal:
        say_error(ConfigurationError("the server says \x1b[2J\x1b]0;owned\x07"))
    assert f"{ESCAPE}[2J" not in terminal.getvalue()
    assert f"{ESCAPE}]0" not in terminal.getvalue()
    assert f"{ESCAPE}[31m" in terminal.getvalue()


def test_a_line_of_data_stays_one_line(capsys: pytest.CaptureFixture[str]):
    say("a\nb\rc\u2028d")
    assert capsys.readouterr().out == "a b c d\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_is_left_out_where_nobody_wants_or_shows_it(name: str, value: str):
    with a_terminal() as terminal:
        assert coloured(terminal)
    with a_terminal(**{name: value}) as terminal:
        assert not coloured(terminal)
        talk("chapter", bold=True)
    assert terminal.getvalue() == "chapter\n"


def test_work_goes_on_when_nobody_hears_the_talk_but_data_without_a_reader_ends_it():
    with contextlib.redirect_stderr(Broken()):
        talk("still at work")
    with contextlib.redirect_stdout(Broken()), pytest.raises(ReaderGoneError):
        say("data")


def test_json_keeps_every_digit_and_names_choices(capsys: pytest.CaptureFixture[str]):
    print_json({"money": Money(Decimal("0.10"), "EUR"), "severity": Severity.MAJOR, "day": date(2026, 9, 15)})
    assert json.loads(capsys.readouterr().out) == {
        "money": {"amount": "0.10", "currency": "EUR"},
        "severity": "major",
        "day": "2026-09-15",
    }
    assert plain((b"caf\xe9", {1: {2}})) == ["caf\ufffd", {"1": [2]}]
