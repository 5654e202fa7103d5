"""The real daemon, in a process of its own, tells how it is."""

import json
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.company import Company, Servers
from tests.ports import free_port
from tests.test_scheduler import daemon_of


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager that listens, and whose watchdog wants to hear of the daemon every second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # an abstract address that the kernel chooses
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + listening.getsockname()[1:].decode())
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        yield listening


def told(manager: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield from manager.recv(1000).decode().splitlines()
        except BlockingIOError:
            return


def test_a_daemon_tells_its_health_its_figures_and_its_word_to_systemd(
    servers: Servers, tmp_path: Path, manager: socket.socket
):
    company = Company(tmp_path / "acme", servers)
    port = free_port()
    company.settings["service"] = {"port": port}
    company.write()
    with daemon_of(company, company.now) as daemon:
        daemon.wait_until(lambda: len(daemon.events("run.finished")) >= 2)
        daemon.wait_until(lambda: asked(port, "/readyz")[0] == 200)
        assert json.loads(asked(port, "/readyz")[1])["state"] == "owned"
        assert asked(port, "/healthz") == (200, "ok\n")
        assert 'driftline_jobs_total{job="read",outcome="done"} 2.0' in asked(port, "/metrics")[1]
        daemon.process.send_signal(signal.SIGHUP)
        heard: list[str] = []

        def loaded_anew() -> bool:
            heard.extend(told(manager))
            return heard.count("READY=1") == 2

        daemon.wait_until(loaded_anew)
        assert daemon.stop() < 10
        heard += told(manager)
    assert heard.index("READY=1") < heard.index("WATCHDOG=1") < heard.index("RELOADING=1") < heard.index("STOPPING=1")
    assert heard.count("WATCHDOG=1") < 40
    assert any(line.startswith("STATUS=2 sources; at work: ") for line in heard)
    with pytest.raises(urllib.error.URLError):
        asked(port, "/healthz")
