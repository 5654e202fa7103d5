"""The server of health and metrics, asked over real sockets."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import service.http as http_module
from config.service import ServiceOptions
from model.errors import ConfigurationError
from model.secret import Secret
from service.http import HealthServer, serving
from service.watch import Watch
from tests.pipeline.company import Servers
from tests.ports import free_port
from tests.service.conftest import Watched, watched_in

TOKEN = "canary-5fd1c2e8a9"


@pytest.fixture(autouse=True)
def _end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "POLL_SECONDS", 0.02)


@pytest.fixture(scope="module")
def idle(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A daemon that reads nothing, whatever is asked."""
    with watched_in(tmp_path_factory.mktemp("idle"), servers) as idle:
        yield idle


@pytest.fixture
def server(idle: Watched) -> Iterator[HealthServer]:
    with serving(ServiceOptions(port=free_port()), idle.watch, now=idle.company.clock) as server:
        assert server is not None
        yield server


def ask(server: HealthServer, path: str, method: str = "GET", **named: Any) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    try:
        connection.request(method, path, **named)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def test_health_readiness_and_metrics_are_told(watched: Watched):
    options = ServiceOptions(port=free_port())
    with serving(options, watched.watch, now=watched.company.clock) as server:
        assert server is not None
        assert ask(server, "/healthz")[:2] == (200, b"ok\n")
        status, body, _ = ask(server, "/readyz")
        assert (status, json.loads(body)["stale"]) == (503, ["crm", "jira"])
        watched.read_all()
        status, body, _ = ask(server, "/readyz?verbose")
        assert (status, json.loads(body)["ready"]) == (200, True)
        status, body, headers = ask(server, "/metrics")
        assert (status, b'driftline_source_stale{source="jira"} 0.0' in body) == (200, True)
        assert headers["Content-Type"].startswith("text/plain; version=")
        assert ask(server, "/")[0] == 404


def test_a_daemon_that_hangs_is_told_to_be_unwell_although_the_state_cannot_be_asked(
    server: HealthServer, idle: Watched, monkeypatch: pytest.MonkeyPatch
):
    """P6: nothing is waited for."""
    monkeypatch.setattr(Watch, "health", lambda _: pytest.fail("the state was asked"))
    now = time.monotonic()
    monkeypatch.setattr(idle.daemon.beat, "monotonic", lambda: now + 60)
    assert ask(server, "/healthz")[0] == 503


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
def test_nothing_but_get_is_answered(server: HealthServer, method: str):
    """X5."""
    status, _, headers = ask(server, "/healthz", method)
    assert (status, headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("headers", [{"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}])
def test_a_question_with_a_body_is_refused(server: HealthServer, headers: dict[str, str]):
    assert ask(server, "/healthz", headers=headers)[0] == 400


def test_what_is_no_question_at_all_harms_nobody(server: HealthServer):
    """X8."""
    for sent in (
        b"\x00\xff\xfe\r\n\r\n",
        b"GET " + b"a" * 70_000,
        b"GET / HTTP/9\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=5) as link:
            link.sendall(sent)
            link.shutdown(socket.SHUT_WR)
            link.recv(1000)
    assert ask(server, "/healthz")[0] == 200


def test_every_answer_is_shut_in(server: HealthServer):
    """X7."""
    for path in ("/healthz", "/readyz", "/metrics", "/nothing"):
        headers = ask(server, path)[2]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Python" not in headers["Server"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "["])
def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(server: HealthServer, host: str):
    assert ask(server, "/metrics", headers={"Host": host})[0] == 421
    assert ask(server, "/metrics", headers={"Host": "localhost:9"})[0] == 200


def test_with_a_token_only_who_has_it_is_answered(idle: Watched, caplog: pytest.LogCaptureFixture):
    """X1, X3."""
    options = ServiceOptions(port=free_port(), token=Secret("env:T").resolved(TOKEN))
    with serving(options, idle.watch, now=idle.company.clock) as server:
        assert server is not None
        for given in ({}, *({"Authorization": text} for text in ("Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer é"))):
            status, body, headers = ask(server, "/metrics", headers={k: v.encode() for k, v in given.items()})
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert TOKEN.encode() not in body
        assert ask(server, "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "ops.example"})[0] == 200
    assert TOKEN not in caplog.text


def test_a_probe_of_kubernetes_is_answered_as_the_guide_writes_it(idle: Watched):
    """The kubelet asks the address of the pod, with the headers of the probe."""
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "operate.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(livenessProbe:.*?)```", guide, re.S)
    probe = yaml.safe_load(block.replace("THE-TOKEN", TOKEN))["livenessProbe"]["httpGet"]
    headers = {each["name"]: each["value"] for each in probe["httpHeaders"]} | {"Host": f"10.1.2.3:{probe['port']}"}
    options = ServiceOptions(port=free_port(), token=Secret("env:T").resolved(TOKEN))
    with serving(options, idle.watch, now=idle.company.clock) as server:
        assert server is not None
        assert ask(server, probe["path"], headers=headers)[:2] == (200, b"ok\n")
        assert ask(server, probe["path"], headers={"Host": headers["Host"]})[:2] == (401, b"a token is needed\n")


def test_slow_askers_take_no_more_than_their_threads_and_are_hung_up_on(
    server: HealthServer, monkeypatch: pytest.MonkeyPatch
):
    """X9."""
    address = ("127.0.0.1", server.server_address[1])
    slow = [socket.create_connection(address, timeout=5) for _ in range(http_module.MOST_AT_ONCE)]
    try:
        for link in slow:
            link.sendall(b"GET /heal")
        wait_until(lambda: len(server._open) == http_module.MOST_AT_ONCE)
        with socket.create_connection(address, timeout=5) as one_more:
            assert one_more.recv(1) == b""
        monkeypatch.setattr(http_module, "DEADLINE_SECONDS", 0.0)
        wait_until(lambda: not server._open)
        monkeypatch.setattr(http_module, "DEADLINE_SECONDS", 15.0)
        assert ask(server, "/healthz")[0] == 200
    finally:
        for link in slow:
            link.close()


def wait_until(happened: Any) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_listens_without_a_port(idle: Watched):
    with serving(ServiceOptions(), idle.watch, now=idle.company.clock) as server:
        assert server is None


def test_an_address_that_is_taken_is_told(server: HealthServer, idle: Watched):
    taken = ServiceOptions(port=server.server_address[1])
    with (
        pytest.raises(ConfigurationError, match=r"cannot listen on 127\.0\.0\.1"),
        serving(taken, idle.watch, now=idle.company.clock),
    ):
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "driftline.example.com"])
def test_an_address_that_others_reach_needs_a_token(host: str):
    """X3."""
    with pytest.raises(ValueError, match=r"set service\.token"):
        ServiceOptions(host=host, port=9464)
    assert ServiceOptions(host=host, port=9464, token=Secret("env:T")).host == host
    assert ServiceOptions(host="::1", port=9464).token is None
