"""Nobody reaches the health port who should not, and slow or greedy callers cost it nothing (X3, X9)."""

import http.client
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

import service.http as http_module
from cli import logs
from config.service import ServiceOptions
from model.secret import Secret
from service.http import HealthServer, serving
from tests.pipeline.company import Servers
from tests.ports import free_port
from tests.proofs.ledger import show, show_control
from tests.service.conftest import Watched, watched_in

TOKEN = "canary-9b8f7c2d"
LOOPBACK = ("127.0.0.1", "127.8.8.8", "localhost", "::1")
REACHABLE = ("0.0.0.0", "::", "0", "192.0.2.1", "10.0.0.5", "::ffff:127.0.0.1", "ops.example.com", "127.0.0.1.example")
PATHS = ("/healthz", "/readyz", "/metrics", "/", "/metrics/", "//metrics", "/%6detrics", "/healthz?x=1", "*")
GIVEN: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"Cookie": f"token={TOKEN}"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"Host": "127.0.0.1"},
)


@pytest.fixture(autouse=True)
def _end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "POLL_SECONDS", 0.02)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A daemon that reads nothing."""
    with Servers() as servers, watched_in(tmp_path_factory.mktemp("idle") / "company", servers) as idle:
        yield idle


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def accepted(host: str, token: Secret | None) -> bool:
    try:
        ServiceOptions(host=host, port=9464, token=token)
    except ValidationError:
        return False
    return True


def test_no_start_is_reachable_by_others_without_a_token(idle: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """X3: every kind of address, with a token and without; then every kind of wrong token on every path."""
    token = Secret("env:T").resolved(TOKEN)
    starts = {
        (host, given is not None): accepted(host, given) for host in LOOPBACK + REACHABLE for given in (None, token)
    }
    assert all(allowed for (_, given), allowed in starts.items() if given)
    assert {host for (host, given), allowed in starts.items() if allowed and not given} == set(LOOPBACK)
    assert ServiceOptions().port is None, "nothing listens unless it is asked to"
    options = ServiceOptions(host="0.0.0.0", port=free_port(), token=token)
    with serving(options, idle.watch, now=idle.company.clock) as server:
        assert server is not None
        port = server.server_address[1]
        refused = 0
        capsys.readouterr()
        logs.configure()
        for path, given in itertools.product(PATHS, GIVEN):
            status, body = ask(port, path, given)
            assert (status, TOKEN.encode() in body) == (401, False), (path, given)
            refused += 1
        assert ask(port, "/healthz", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
    structlog.reset_defaults()
    [told] = [line for line in capsys.readouterr().err.splitlines() if "service.refused" in line]
    assert '"times": 1' in told, "whoever guesses is told of at once, and does not fill the log"
    assert TOKEN not in told
    show(
        "X3",
        "The health port listens on this machine alone unless a token is set, and with one every path refuses whoever"
        " has it not",
        reach="0 starts that others reach without a token",
        seen=f"0 of {len(starts)} starts (addresses with and without a token); {refused} of {refused} questions with no"
        " token, a wrong one or one in a wrong place refused",
    )


def test_control_without_the_look_at_the_address_others_would_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.service.is_loopback", lambda _: True)
    open_to_all = [host for host in REACHABLE if accepted(host, None)]
    assert open_to_all == list(REACHABLE)
    show_control("X3", removed="the look at the address", seen=f"{len(open_to_all)} starts that others reach")


def _slow_head(link: socket.socket, over: threading.Event) -> None:
    for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000:
        link.sendall(bytes([byte]))
        if over.wait(0.05):
            return


def _silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def _large_body(link: socket.socket, over: threading.Event) -> None:
    link.sendall(b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
    while not over.is_set():
        link.sendall(b"x" * 65536)


def _endless_headers(link: socket.socket, over: threading.Event) -> None:
    link.sendall(b"GET /metrics HTTP/1.1\r\n")
    while not over.is_set():
        link.sendall(b"X-Header: " + b"y" * 1000 + b"\r\n")


def _never_reads(link: socket.socket, over: threading.Event) -> None:
    link.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    over.wait()


ABUSES: tuple[Callable[[socket.socket, threading.Event], None], ...] = (
    _slow_head,
    _silent,
    _large_body,
    _endless_headers,
    _never_reads,
)


def abuse(port: int, callers: int, over: threading.Event) -> list[threading.Thread]:
    """So many callers of each kind, each calling again when it is hung up on."""

    def call(how: Callable[[socket.socket, threading.Event], None]) -> None:
        while not over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                    how(link, over)
            except OSError:
                over.wait(0.02)

    threads = [threading.Thread(target=call, args=[how], daemon=True) for how in ABUSES for _ in range(callers)]
    for thread in threads:
        thread.start()
    return threads


def test_slow_and_greedy_callers_keep_nobody_else_from_an_answer_and_the_work_from_nothing(
    idle: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """X9: the watch goes on being answered, and what the daemon does meanwhile is not touched."""
    monkeypatch.setattr(http_module, "DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr("service.http._Handler.timeout", 0.2)
    over = threading.Event()
    with serving(ServiceOptions(port=free_port()), idle.watch, now=idle.company.clock) as server:
        assert server is not None
        callers = abuse(server.server_address[1], 4, over)
        try:
            _wait_until(lambda: len(server._open) == http_module.MOST_AT_ONCE)
            before = threading.active_count()
            answered = _answered(server, 5)
            idle.read_all()
            assert len(server._open) <= http_module.MOST_AT_ONCE
            assert threading.active_count() <= before + http_module.MOST_AT_ONCE + 2
        finally:
            over.set()
            for thread in callers:
                thread.join(60)
        _wait_until(lambda: not server._open)
        assert ask(server.server_address[1], "/healthz", {})[0] == 200
    assert idle.store.cursor("jira") is not None, "the sources were read while the port was under attack"
    show(
        "X9",
        "Slow, silent, endless and huge questions on the health port take no more than its own few threads and their"
        " short time; others are answered meanwhile and the daemon reads its sources",
        reach="others still served, the daemon's work unaffected",
        seen=f"{answered} answers and a complete reading of 2 sources while {len(callers)} callers of {len(ABUSES)}"
        f" kinds held on to it; at most {http_module.MOST_AT_ONCE} connections at once",
    )


def _answered(server: HealthServer, wanted: int) -> int:
    """Ask again until so many answers came, as a monitoring system does."""
    got = 0
    deadline = time.monotonic() + 60
    while got < wanted:
        assert time.monotonic() < deadline, "nobody else was answered"
        try:
            got += ask(server.server_address[1], "/healthz", {})[0] == 200
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
    return got


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_control_without_time_limits_slow_callers_stay(idle: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "DEADLINE_SECONDS", 1e9)
    monkeypatch.setattr("service.http._Handler.timeout", None)
    with serving(ServiceOptions(port=free_port()), idle.watch, now=idle.company.clock) as server:
        assert server is not None
        address = ("127.0.0.1", server.server_address[1])
        slow = [socket.create_connection(address, timeout=60) for _ in range(http_module.MOST_AT_ONCE)]
        try:
            _wait_until(lambda: len(server._open) == http_module.MOST_AT_ONCE)
            time.sleep(0.2)
            with socket.create_connection(address, timeout=60) as one_more:
                assert one_more.recv(1) == b"", "turned away"
            held = len(server._open)
        finally:
            for link in slow:
                link.close()
        _wait_until(lambda: not server._open)
    assert held == http_module.MOST_AT_ONCE
    show_control("X9", removed="the time limits", seen=f"{held} silent callers keep all places; others are turned away")
