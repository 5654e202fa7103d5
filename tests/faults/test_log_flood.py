"""A source that fails for days fills no disk, and no text of a source forges a line of the log (F10).

The jobs are those of the real daemon, the log is the one that it writes. ``DRIFTLINE_FAILING_CYCLES=1000`` lets a
source fail so often.
"""

import contextlib
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from cli import logs
from cli.repeated_lines import IN_FULL, PAUSE_SECONDS, RepeatedLines
from sandbox.http import Fault, Response
from scheduler import Daemon
from tests.cli.console import Stream
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control

CYCLES = int(os.environ.get("DRIFTLINE_FAILING_CYCLES", "12"))
EVERY_SECONDS = 15 * 60
FORGED = 'down\n{"event": "daemon.stopped", "level": "info"}\r\n\x1b[2J\x1b]0;owned\x07\u2028{"event": "forged"}'
"""What a server, or somebody who writes titles, would like to have read as lines of ours."""


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    before = (logging.root.level, list(logging.root.handlers))
    yield
    structlog.reset_defaults()
    logging.root.setLevel(before[0])
    logging.root.handlers[:] = before[1]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Servers() as servers:
        yield Company(tmp_path / "acme", servers)


class Seconds:
    """A monotonic clock that goes on with the readings."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def failing(company: Company, cycles: int, monkeypatch: pytest.MonkeyPatch, *, columns: int | None = None) -> str:
    """The log of a daemon whose Jira fails so often, one time in three with another number in its words, and then
    works again."""
    monotonic = Seconds()
    monkeypatch.setattr(logs, "RepeatedLines", lambda: RepeatedLines(monotonic))
    with company.open_store() as store, contextlib.redirect_stderr(Stream(columns)) as said:
        logs.configure()
        daemon = Daemon(store, company.configuration, company.clock)
        daemon.begin()
        for number in range(cycles):
            body = {"errorMessages": [f"{FORGED} try again in {number} s"]}
            company.jira_server.add_fault(Fault(pattern="/search", response=Response(body, 400), times=None))
            daemon.read("jira")
            company.jira_server.clear_faults()
            company.jira_server.requests.clear()
            company.pass_time(seconds=EVERY_SECONDS)
            monotonic.now += EVERY_SECONDS
        daemon.read("jira")
        logging.getLogger("library").warning("cannot read %s", FORGED)
    return said.getvalue()


def forged_lines(said: str) -> int:
    return sum(line.lstrip().startswith('{"event"') for line in said.splitlines())


def lines_of(said: str) -> list[dict[str, Any]]:
    """Every line is one object, and nothing in it moves a cursor."""
    lines = said.splitlines()
    assert all(character.isprintable() for line in lines for character in line)
    return [json.loads(line) for line in lines]


def test_a_source_that_fails_for_days_is_told_a_few_times_and_once_when_it_is_back(
    company: Company, monkeypatch: pytest.MonkeyPatch
):
    """F10."""
    lines = lines_of(failing(company, CYCLES, monkeypatch))
    told = [line for line in lines if line["event"] == "source.failed"]
    hours = (CYCLES - IN_FULL) * EVERY_SECONDS / PAUSE_SECONDS
    assert IN_FULL <= len(told) <= IN_FULL + hours + 1
    left_out = sum(line.get("repeated", 0) for line in told)
    back = [line for line in lines if line["event"] == "source.read"]
    assert [line["after_failures"] for line in back] == [CYCLES]
    assert CYCLES - 4 <= len(told) + left_out <= CYCLES
    forged = [line for line in lines if line["event"] in ("daemon.stopped", "forged")]
    assert forged == []
    assert any("daemon.stopped" in line["error"] for line in told)
    grave = Counter(line["event"] for line in lines if line["level"] in ("warning", "error"))
    assert len(grave - Counter({"source.failed": CYCLES})) == 1  # the library's
    show(
        "F10",
        "What fails again and again does not fill the log, and texts of a source forge no line of it",
        reach=f"{CYCLES:,} failing readings of one source, one each quarter of an hour; each error holds line breaks, "
        "a line in the form of ours and terminal sequences",
        seen=f"{len(told):,} lines: {IN_FULL} in full, then at most one an hour, which count {left_out:,} more; one "
        f"line when the source was back, after {back[0]['after_failures']:,} failures; {len(forged)} forged lines",
    )


def test_on_a_terminal_a_foreign_text_stays_one_line_as_well(company: Company, monkeypatch: pytest.MonkeyPatch):
    """F10."""
    said = failing(company, 1, monkeypatch, columns=100)
    assert forged_lines(said) == 0
    assert "\x1b[2J" not in said
    assert "\x07" not in said


def test_what_fails_every_second_is_told_once_an_hour():
    """F10: whatever it is; each class has lines of its own, and quiet for an hour makes it new."""
    monotonic = Seconds()
    repeated = RepeatedLines(monotonic)

    def told(event: str, **named: Any) -> Any:
        with contextlib.suppress(structlog.DropEvent):
            return repeated(None, "error", {"event": event, **named}).get("repeated", 0)
        return None

    passed = []
    for second in range(2 * 3600):
        monotonic.now = second
        passed.append(told("job.failed", job="prune", error=f"disk full at {second}"))
    assert [each for each in passed if each is not None] == [0] * IN_FULL + [3599]
    assert told("job.failed", job="tell", error="disk full at 1") == 0
    monotonic.now += PAUSE_SECONDS + 1
    assert [told("job.failed", job="prune", error="disk full at 9") for _ in range(IN_FULL + 1)] == [0] * IN_FULL + [
        None
    ]


def test_control_without_the_protections_the_log_is_flooded_and_forged(
    company: Company, monkeypatch: pytest.MonkeyPatch
):
    """F10."""
    cycles = IN_FULL + 2
    monkeypatch.setattr(RepeatedLines, "__call__", lambda _self, _logger, _method, event: event)
    monkeypatch.setattr(logs, "_single_line", lambda _logger, _method, event: event)
    said = failing(company, cycles, monkeypatch, columns=100)
    flood = sum("source.failed" in line for line in said.splitlines())
    assert flood == cycles
    assert forged_lines(said) > 0
    show_control(
        "F10",
        removed="repeated lines are left out, and control characters are replaced",
        seen=f"{flood} lines for {cycles} failures, and {forged_lines(said)} forged lines on a terminal",
    )
