"""The daemon and people: notices go out within the pass that finds something, and owners are asked once a slot."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model.findings import Impact, Severity
from scheduler import Daemon
from tests.digest.editions import aurora
from tests.digest.smtp_servers import running
from tests.pipeline.company import Company, Servers
from tests.pipeline.desk import Desk

OWNER = "wilma.werk@acme.example"
WEDNESDAY_SEVEN = datetime(2026, 9, 16, 5, 0, tzinfo=UTC)
"""Seven o'clock in Berlin; Tuesday is off."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def desk(servers: Servers, tmp_path: Path) -> Iterator[Desk]:
    """A company whose leaders are told at once and on Fridays, and whose owners are asked on Tuesdays."""
    company = Company(tmp_path / "acme", servers)
    company.settings["calendars"] = {"plant": {"off": ["2026-09-15"]}}
    company.settings["owners"] = {"domains": ["acme.example"], "days": ["tue"], "calendar": "plant"}
    company.settings["digests"]["leaders"] |= {"at_once": {"minimum_severity": "major"}, "days": ["fri"]}
    with running(company.mailbox) as port, company.open_store() as store:
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        yield Desk(company, store)


def start(desk: Desk) -> Daemon:
    """A daemon that has begun and has read everything just now."""
    daemon = Daemon(desk.store, desk.company.configuration, desk.company.clock)
    daemon.begin()
    for name in daemon.configuration.settings.sources:
        daemon.agenda.begins(name)
    return daemon


def got(desk: Desk) -> list[str]:
    return [recipient for _, recipients, _ in desk.company.mailbox.received for recipient in recipients]


def test_what_a_killed_pass_found_is_told_when_the_daemon_starts_again(desk: Desk):
    start(desk)
    desk.finds(*aurora())
    daemon = start(desk)
    daemon.tell()
    daemon.tell()
    assert got(desk) == ["ann@acme.example", "bob@acme.example"]


def test_owners_are_asked_on_the_working_day_after_a_day_off_and_once(desk: Desk):
    start(desk)
    untidy = replace(aurora()[0], upkeep=True, severity=Severity.MINOR, owner=OWNER, impact=Impact())
    desk.finds(untidy)
    desk.company.now = WEDNESDAY_SEVEN - timedelta(days=1)
    start(desk).tell()
    assert got(desk) == []
    desk.company.now = WEDNESDAY_SEVEN
    for _ in range(2):
        start(desk).tell()
    assert got(desk) == [OWNER]
