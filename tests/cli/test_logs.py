"""The log: one line for each event, for people or for programs, and never a secret."""

import contextlib
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from cli.logs import configure
from tests.cli.console import ESCAPE, Stream

TOKEN = "tok-5f1d9c"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    before = (logging.root.level, list(logging.root.handlers))
    yield
    structlog.reset_defaults()
    logging.root.setLevel(before[0])
    logging.root.handlers[:] = before[1]


def crash() -> None:
    """Fail with a secret in a local variable."""
    header = f"Bearer {TOKEN}"
    if header:
        raise ValueError("no answer")


@pytest.mark.parametrize("columns", [None, 100])
def test_a_traceback_in_the_log_never_shows_local_variables(columns: int | None):
    """X1: a token lies in some frame of every failed request."""
    with contextlib.redirect_stderr(Stream(columns)) as err:
        configure()
        try:
            crash()
        except ValueError:
            structlog.get_logger("driftline.test").exception("source.crashed")
            logging.getLogger("urllib3").exception("failed")
    said = err.getvalue()
    assert said.count("ValueError") >= 2
    assert "in crash" in said or '"name": "crash"' in said
    assert TOKEN not in said


def test_a_hostile_title_stays_one_line_of_json():
    with contextlib.redirect_stderr(Stream()) as err:
        configure()
        structlog.get_logger().info("record.read", title='x\n{"event": "forged"}\x1b[2J')
    [line] = err.getvalue().splitlines()
    assert json.loads(line)["title"] == 'x {"event": "forged"} [2J'
    assert ESCAPE not in line


def test_the_level_counts_for_our_lines_and_for_those_of_libraries():
    with contextlib.redirect_stderr(Stream()) as err:
        configure(logging.ERROR)
        structlog.get_logger().warning("source.failed")
        logging.getLogger("library").warning("deprecated")
        assert err.getvalue() == ""
        configure(logging.DEBUG)
        structlog.get_logger().debug("page.read")
        logging.getLogger("library").info("chatter")
        logging.getLogger("library").warning("deprecated")
    assert [json.loads(line)["event"] for line in err.getvalue().splitlines()] == ["page.read", "deprecated"]
