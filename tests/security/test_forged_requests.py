"""No source can make us call another machine, this machine or the one that hands out a cloud's credentials (F8).

Attacked are the configured address, redirects, addresses that a sign-in or a page answers, and the name service, with
every spelling of such addresses, through the connectors themselves. What counts is what the sockets were asked to
connect to. ``DRIFTLINE_CANARIES=all`` tries every case instead of every fifth.
"""

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from connectors.base import HttpOptions
from connectors.http import open_session
from connectors.registry import connector_type
from model.errors import DriftlineError
from model.secret import Secret
from sandbox.http import Fault, Request, Response, StandIn
from tests.connectors.contract import context_at
from tests.proofs.ledger import show, show_control

CANARY = "canary-3f9a1c7e5b2d"
WHOLE = os.environ.get("DRIFTLINE_CANARIES") == "all"
PUBLIC = "203.0.113.9"
"""Where the machines of the outside world are, in this test."""
KINDS = ("jira", "asana", "salesforce", "spreadsheet")
NAMES = {
    "metadata.google.internal": ["169.254.169.254"],
    "127.0.0.1.wildcard.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "two-faced.example": [PUBLIC, "169.254.169.254"],
    "nothing.example": ["0.0.0.0"],
}
HOSTS = (
    "127.0.0.1:{other}",
    "localhost:{other}",
    "127.1:{other}",
    "127.0.1:{other}",
    "2130706433:{other}",
    "0x7f000001:{other}",
    "017700000001:{other}",
    "0177.0.0.1:{other}",
    "0x7f.0.0.1:{other}",
    "127.0.0.1.:{other}",
    "0:{other}",
    "0.0.0.0:{other}",
    "[::1]:{other}",
    "[0:0:0:0:0:0:0:1]:{other}",
    "[::]:{other}",
    "[::ffff:127.0.0.1]:{other}",
    "[::ffff:7f00:1]:{other}",
    "[::127.0.0.1]:{other}",
    "[2002:7f00:1::]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "224.0.0.1",
    "①②⑦.⓪.⓪.①:{other}",
    "127。0。0。1:{other}",
    *NAMES,
)
"""Addresses that mean this machine, its neighbours on the wire, or a cloud's own services."""
CONFUSED = (
    "http://{near}@127.0.0.1:{other}/",
    "http://127.0.0.1:{other}#@{near}/",
    "http://127.0.0.1:{other}?@{near}/",
    "http://{near}\\@127.0.0.1:{other}/",
    "http://127.0.0.1:{other}\\@{near}/",
    "//127.0.0.1:{other}/",
    "///127.0.0.1:{other}/",
    "http:127.0.0.1:{other}/",
    "http:///127.0.0.1:{other}/",
    "HTTP://127.0.0.1:{other}/",
    "\thttp://127.0.0.1:{other}/",
    "http://{near}%2f@127.0.0.1:{other}/",
    "http://{near}:80@127.0.0.1:{other}/",
    "http://{near}%40127.0.0.1:{other}/",
    "gopher://127.0.0.1:{other}/_x",
    "file:///etc/passwd",
)
"""Addresses that one reader takes for the configured server and another for something else."""


@dataclass
class Wires:
    """Who may be called, what was, and what the name service says: the first answer once, the last one from then on."""

    allowed: set[tuple[str, int]]
    bad: list[Any] = field(default_factory=list)
    public: int = 0
    answers: dict[str, list[str]] = field(default_factory=dict)

    def connect(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def connect(sock: socket.socket, address: Any) -> Any:
            if sock.family == socket.AF_UNIX or tuple(address[:2]) in self.allowed:
                return real(sock, address)
            if address[0] == PUBLIC:
                self.public += 1
            else:
                self.bad.append(address)
            raise ConnectionRefusedError(111, "refused")

        return connect

    def look_up(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name not in NAMES:
                return real(host, port, *given, **named)
            left = self.answers.setdefault(name, list(NAMES[name]))
            address = left.pop(0) if len(left) > 1 else left[0]
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            tail = (0, 0) if family == socket.AF_INET6 else ()
            return [(family, socket.SOCK_STREAM, 6, "", (address, port, *tail))]

        return look_up


class Server(StandIn):
    """A server of any kind that sends whoever asks elsewhere; it remembers who showed it a secret."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0
        self.target = ""
        self.route("POST", "/services/oauth2/token", self._sign_in)

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        self.heard += CANARY in f"{headers}{target}{body!r}"
        return super().answer(method, target, headers, body)

    def _sign_in(self, _: Request) -> Response:
        return Response({"access_token": CANARY, "instance_url": self.target, "id": "https://x.example/id/0/0"})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server, Wires]]:
    """The configured server, one on another port of this machine that must never hear anything, and the wires."""
    monkeypatch.setattr("connectors.http._LONGEST_BACK_OFF_SECONDS", 0.0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server() as near, Server() as other:
        wires = Wires({("127.0.0.1", int(near.url.rpartition(":")[2]))})
        monkeypatch.setattr(socket.socket, "connect", wires.connect(socket.socket.connect))
        monkeypatch.setattr(socket, "getaddrinfo", wires.look_up(socket.getaddrinfo))
        yield near, other, wires


def probe(kind: str, url: str) -> None:
    """Ask a source of this kind at an address as the command line does; whatever it says is fine here."""
    secret = Secret("env:T").resolved(CANARY)
    given: dict[str, Any] = {"kind": kind, "http": {"attempts": 2, "connect_timeout_seconds": 5}}
    given |= {
        "jira": {"url": url, "email": "a@b.example", "token": secret, "projects": ["WEB"]},
        "asana": {"url": url, "token": secret, "projects": ["1"]},
        "salesforce": {"url": url, "client_id": "app", "client_secret": secret, "currency": "EUR"},
        "spreadsheet": {
            "path": f"{url}/a.csv",
            "storage": {"token": secret},
            "records": "saving",
            "columns": {"key": "No."},
            "locale": "en",
        },
    }[kind]
    connector = connector_type(kind)
    try:
        options = connector.options_type.model_validate(given)
    except ValidationError:
        return
    with suppress(DriftlineError):
        source = connector("s", options, context_at())
        try:
            source.probe()
        finally:
            source.close()


def _filled(text: str, near: Server, other: Server) -> str:
    host = near.url.removeprefix("http://")
    return text.replace("{other}", other.url.rpartition(":")[2]).replace("{near}", host)


def attacks(near: Server, other: Server) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every case: what it is called and how it is tried."""
    targets = [_filled(host, near, other) for host in HOSTS]
    for kind in KINDS:
        for target in targets:
            # What is written as this machine may be called: this test is about everything else.
            if not target.startswith(("127.0.0.1:", "localhost:", "[::1]:", "[0:0:0:0:0:0:0:1]:")):
                yield f"configured {kind} {target}", lambda kind=kind, target=target: probe(kind, f"http://{target}")
                yield f"configured {kind} {target}", lambda kind=kind, target=target: probe(kind, f"https://{target}")
            for status in (302, 307):
                yield f"{status} {kind} {target}", lambda *given, k=kind, t=target, s=status: redirected(near, k, t, s)
        for text in CONFUSED:
            target = _filled(text, near, other)
            yield f"confused {kind} {target}", lambda k=kind, t=target: redirected(near, k, t, 302)
    for target in [f"http://{host}" for host in targets] + [_filled(text, near, other) for text in CONFUSED]:
        yield f"instance {target}", lambda target=target: signed_in(near, target)
        yield f"instance {target}", lambda target=target: signed_in(near, target.replace("http://", "https://"))
        yield f"next page {target}", lambda target=target: followed(near, target)


def redirected(near: Server, kind: str, target: str, status: int) -> None:
    """Wherever something is asked, the answer leads elsewhere."""
    location = target if "/" in target else f"http://{target}/latest/meta-data"
    headers = {"Location": location.encode().decode("latin-1")}
    near.add_fault(Fault("", Response(b"", status, headers, content_type="text/plain"), times=None))
    probe(kind, near.url)
    near.clear_faults()


def signed_in(near: Server, target: str) -> None:
    """The sign-in answers where the records are."""
    near.target = target
    probe("salesforce", near.url)


def followed(near: Server, target: str) -> None:
    """A library is led to the next page by an absolute address, with a header that no library knows to be a secret."""
    options = HttpOptions(attempts=2)
    with (
        suppress(DriftlineError, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema),
        open_session("s", options, context_at(), base_url=near.url, secrets=[CANARY]) as session,
    ):
        session.get(target, headers={"X-Api-Key": CANARY})


def test_nothing_that_a_source_or_a_name_service_says_makes_us_call_elsewhere(
    world: tuple[Server, Server, Wires],
) -> None:
    near, other, wires = world
    tried = list(attacks(near, other))
    assert len(tried) >= 500
    if not WHOLE:
        tried = [case for number, case in enumerate(tried) if number % 5 == 0 or "two-faced" in case[0]]
    for name, attack in tried:
        wires.answers.clear()
        attack()
        assert wires.bad == [], name
    cases = len(tried)
    assert near.heard > cases / 5, "the configured server was asked and shown the secret: the attacks were real"
    assert other.requests == []
    assert wires.public > 0, "the two-faced name was called at its first address"
    show(
        "F8",
        "No source can make us call this machine, its neighbours or a cloud's own services: by a configured address, a"
        " redirect, an address in an answer or a name that leads elsewhere at the second look",
        reach="0 connections and 0 secrets forwarded in 500 cases",
        seen=f"0 connections in {cases:,} cases through {len(KINDS)} connectors, {len(HOSTS)} hosts and"
        f" {len(CONFUSED)} ambiguous addresses; the configured server was shown the secret {near.heard:,} times",
    )


@pytest.mark.parametrize("removed", ["where a name may lead", "which servers may be called"], ids=["where", "which"])
def test_control_without_the_look_at_addresses_others_are_called(
    world: tuple[Server, Server, Wires], monkeypatch: pytest.MonkeyPatch, removed: str
) -> None:
    near, other, wires = world
    if removed == "where a name may lead":
        monkeypatch.setattr("connectors.http.patience.connect_to_a_place", lambda _source, _connection, go: go())
        for target in ("169.254.169.254", "2130706433:1", "two-faced.example", "[::ffff:127.0.0.1]:1"):
            probe("jira", f"https://{target}")
    else:
        ours = ("http", "127.0.0.1", int(near.url.rpartition(":")[2]))
        monkeypatch.setattr("connectors.http.origin", lambda _: ours)
        for target in ("169.254.169.254", f"127.0.0.1:{other.url.rpartition(':')[2]}"):
            redirected(near, "spreadsheet", target, 307)
    assert wires.bad
    show_control(
        "F8", removed=f"the rule {removed}", seen=f"{len(wires.bad)} connections, the first to {wires.bad[0][0]}"
    )


def test_a_service_on_this_machine_or_in_the_companys_network_is_called_where_it_is_configured_so(
    world: tuple[Server, Server, Wires],
) -> None:
    near, _, wires = world
    probe("jira", near.url)
    assert near.requests
    probe("jira", "https://10.1.2.3")
    assert [address[0] for address in wires.bad] == ["10.1.2.3", "10.1.2.3"], "a private address is nobody's secret"
    assert ipaddress.ip_address("10.1.2.3").is_private
