"""A job that goes on beyond its deadline ends the daemon, and a daemon that hangs keeps no watchdog quiet (P6)."""

import os
import socket
from typing import Any

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from click.testing import CliRunner

from cli.main import cli
from scheduler import Daemon
from service.beat import LATE_SECONDS
from service.systemd import ServiceManager
from tests.service.conftest import Watched

DEADLINE_SECONDS = 6 * 3600


class Time:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now(watched: Watched) -> Time:
    now = Time()
    watched.daemon.beat.monotonic = now
    watched.daemon.beat.seen("main")
    return now


def test_a_source_that_hangs_is_told_as_failed_and_the_daemon_ends(watched: Watched, now: Time):
    watched.read_all()
    watched.daemon.beat.begin("read jira")
    now.seconds += DEADLINE_SECONDS
    assert watched.daemon._beyond_deadline() is False
    now.seconds += 1
    asked, _asker = socket.socketpair()
    with asked, _asker:
        watched.daemon._follow_clock(BackgroundScheduler(), asked)
    assert watched.daemon.hangs
    with watched.store.view() as view:
        errors = {each.source: each.error for each in view.coverage()}
    assert errors == {"jira": "the reading did not end within 6h", "crm": ""}


def test_a_job_that_is_no_reading_ends_the_daemon_too_and_blames_no_source(watched: Watched, now: Time):
    watched.read_all()
    watched.daemon.beat.begin("deliveries")
    now.seconds += DEADLINE_SECONDS + 1
    assert watched.daemon._beyond_deadline()
    with watched.store.view() as view:
        assert all(each.complete for each in view.coverage())


@pytest.mark.parametrize(("hangs", "clean", "code"), [(False, True, 0), (True, True, 3), (True, False, 3)])
def test_the_exit_code_tells_the_service_manager_to_start_it_anew(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, hangs: bool, clean: bool, code: int
):
    def run(daemon: Daemon) -> bool:
        daemon.hangs = hangs
        return clean

    def leave(status: int) -> None:
        raise SystemExit(int(status))

    monkeypatch.setattr(Daemon, "run", run)
    monkeypatch.setattr(os, "_exit", leave)
    watched.ownership.release()
    done = CliRunner().invoke(cli, ["-C", str(watched.company.folder), "run"])
    assert done.exit_code == code, done.output


def listening() -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    link.bind("")
    link.setblocking(False)
    return link


def environment(link: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": "@" + link.getsockname()[1:].decode(), **more}


def test_a_daemon_that_does_not_beat_keeps_no_watchdog_quiet(watched: Watched, now: Time):
    with listening() as link:
        watched.daemon.manager = ServiceManager.of(environment(link, WATCHDOG_USEC="40000000"))
        watched.daemon.manager.monotonic = now
        assert watched.daemon.manager.pause(5) == 5
        watched.daemon._beyond_deadline()
        assert link.recv(100) == b"WATCHDOG=1"
        watched.daemon.beat.seen("scheduler")
        now.seconds += LATE_SECONDS + 1
        watched.daemon.beat.seen("main")
        watched.daemon._beyond_deadline()
        heard = _all(link)
        assert heard == [b"STATUS=2 sources; at work: nothing"]
        watched.daemon.beat.seen("scheduler")
        watched.daemon._beyond_deadline()
        assert _all(link) == [b"WATCHDOG=1"]


def _all(link: socket.socket) -> list[bytes]:
    heard = []
    while True:
        try:
            heard.append(link.recv(1000))
        except BlockingIOError:
            return heard


@pytest.mark.parametrize(
    ("named", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "2000000"}, 2.0),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_what_the_environment_says_of_this_process(named: dict[str, str], seconds: float | None):
    assert ServiceManager.of({"NOTIFY_SOCKET": "/run/notify", **named}).watchdog_seconds == seconds
    assert ServiceManager.of(named).watchdog_seconds is None


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "vsock:2:1", "@driftline-nobody-listens"])
def test_a_manager_that_does_not_listen_stops_nobody(address: str):
    manager = ServiceManager(address)
    manager.ready("a\nREADY=0")
    manager.stopping()


def test_a_status_is_one_line():
    with listening() as link:
        manager: Any = ServiceManager.of(environment(link))
        manager.ready("a\nMAINPID=1")
        assert link.recv(100) == b"READY=1\nSTATUS=a MAINPID=1"
