"""Every secret of a configuration is a canary, and whatever goes wrong, nothing that is written holds one (X1).

Searched are stdout, stderr and the log at DEBUG, the database with its log, backups and exports, temporary folders,
mails and answers to whoever asks, and the arguments of every program that is started; for both halves of each secret,
as they are, in base64, hex, backwards, in UTF-16 and escaped. ``DRIFTLINE_CANARIES=all`` adds the whole matrix of
faults, and the daemon as a program of its own.
"""

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from cli import logs
from connectors.jira.client import JiraClient
from model.secret import Secret
from sandbox.http import Fault, Response
from service.dead_man import ask
from tests.cli.console import ROOT, command_line, driftline
from tests.connectors.singer.world import SCRIPTED_TAP, TASK_FIELDS, TASKS_SCHEMA
from tests.faults.matrix.company import ASANA, CALLED, DATA_CENTER, JIRA, SALESFORCE
from tests.faults.matrix.worlds import NAMED, WORLDS
from tests.faults.test_matrix import Matrix, _cells
from tests.ports import free_port
from tests.proofs.ledger import show, show_control
from tests.security.canaries import Search, canary
from tests.security.guarded_company import (
    SEED,
    GuardedCompany,
    Watch,
    canaries,
    echoing,
    reference,
    secret_file,
    watching,
)

WHOLE = os.environ.get("DRIFTLINE_CANARIES") == "all"
LOOKS = (
    ("check",),
    ("doctor", "--json"),
    ("status", "--json"),
    ("sources", "list", "--json"),
    ("sources", "show", "jira"),
    ("findings", "--json"),
    ("show", "jira:WEB-1"),
    ("links",),
    ("digest", "preview", "leaders"),
    ("schema",),
)


@dataclass
class Guarded:
    """The company after its first run, the watch over it, and how many faults were tried."""

    company: GuardedCompany
    watch: Watch
    room: Path
    faults: int = 0
    sent: int = 0
    noted: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.company.folder

    def value(self, name: str) -> str:
        return self.company.known[name].value

    def try_out(self, *commands: tuple[object, ...]) -> list[int]:
        """A fault: these commands, and a look through everything that they left."""
        codes = [self.watch.run(*command, folder=self.folder).code for command in commands]
        self.faults += 1
        self.look_through()
        return codes

    def look_through(self) -> None:
        self.watch.look_through(self.room)
        self.watch.look_at_mails([message for _, _, message in self.company.mailbox.received[self.sent :]])
        self.sent = len(self.company.mailbox.received)
        assert self.watch.found == []

    def send(self, **settings: Any) -> list[int]:
        """The digest of another day, with other settings."""
        self.company.now += timedelta(days=1)
        with self.laid_over(**settings):
            return self.try_out(("digest", "send", "leaders"))

    @contextmanager
    def laid_over(self, **settings: Any) -> Iterator[None]:
        self.company.settings = settings
        self.company.configure(self.folder)
        try:
            yield
        finally:
            self.company.settings = {}
            self.company.configure(self.folder)

    @contextmanager
    def held(self, name: str, value: str) -> Iterator[None]:
        """Another secret in a file, for a while."""
        path = secret_file(self.folder, name)
        before = path.read_text()
        path.write_text(value, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    room = tmp_path_factory.mktemp("guarded")
    known = canaries()
    with GuardedCompany(room / "company", known) as company, watching(known, room / "tmp") as watch:
        company.configure(company.folder)
        company.write_workbook(company.folder)
        guarded = Guarded(company, watch, room)
        assert guarded.try_out(("sync",)) == [0]
        yield guarded
        show(
            "X1",
            "No secret is written anywhere, whatever goes wrong: each one of a configuration is a canary, the log is"
            " at DEBUG, and whatever was written is searched for both halves of each in twelve spellings",
            reach="0 hits",
            seen=f"0 hits: {len(known)} secrets, {guarded.faults:,} faults, {watch.commands:,} commands,"
            f" {watch.children:,} programs started, {watch.search.places:,} texts and files with"
            f" {watch.search.bytes / 1e6:,.0f} MB searched"
            + (f"; {', '.join(guarded.noted)}" if guarded.noted else ""),
            seed=SEED,
            database="SQLite; PostgreSQL refusing",
        )


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.http._LONGEST_BACK_OFF_SECONDS", 0.0)


def test_a_quiet_day_writes_no_secret(guarded: Guarded) -> None:
    """Everything works: each secret is used once, and nobody sees it."""
    company = guarded.company
    company.configure(company.folder, sheet={})
    assert guarded.try_out(("sync", "sheet"), ("sources", "probe", "jira", "sheet"), *LOOKS) == [0] * 12
    company.configure(company.folder)
    assert guarded.send() == [0]
    assert guarded.send(**company.oauth()) == [0]
    traces = {"endpoint": company.web.url, "headers": {"Authorization": reference("traces key")}}
    with guarded.laid_over(service=company.others()["service"] | {"traces": traces}):
        assert guarded.try_out(("sync", "jira")) == [0]
    export, backup = guarded.room / "export", guarded.room / "backup.db"
    assert guarded.try_out(("db", "backup", backup), ("db", "export", export)) == [0, 0]
    assert backup.exists()
    assert {path.suffix for path in export.iterdir()} == {".csv"}
    heard = b"".join(company.mailbox.said)
    hooked = {request.path for request in company.web.got}
    assert guarded.value("mail password").encode() in heard
    assert guarded.value("mail access token").encode() in heard
    assert any(guarded.value("webhook key") in path for path in hooked)
    assert any(guarded.value("chat key") in path for path in hooked)
    assert any(guarded.value("traces key") in request.headers.values() for request in company.web.got)
    assert guarded.watch.children >= 1, "the program that tells Asana's token was seen"


def _in_json(status: int) -> Callable[[str], Response]:
    def answer(heard: str) -> Response:
        told = {"message": heard, "errorMessages": [heard], "errors": [{"message": heard}], "error": heard}
        return Response({**told, "error_description": heard, "errorCode": "X"}, status)

    return answer


def _in_a_list(status: int) -> Callable[[str], Response]:
    return lambda heard: Response([{"errorCode": "X", "message": heard}], status)


def _in_text(status: int) -> Callable[[str], Response]:
    return lambda heard: Response(heard.encode(), status, {"X-Heard": heard}, content_type="text/plain")


def _in_a_redirect(status: int) -> Callable[[str], Response]:
    return lambda heard: Response(b"", status, {"Location": f"https://elsewhere.example/?{heard}"})


ECHOES = [
    pytest.param(system.source, pattern, way(status), id=f"{system.source}-{number}-{way.__name__[4:]}-{status}")
    for place, (system, pattern, number) in enumerate(
        (
            (JIRA, ".", "all"),
            (JIRA, "search|project", "later"),
            (DATA_CENTER, ".", "all"),
            (ASANA, ".", "all"),
            (SALESFORCE, "oauth2/token", "first"),
            (SALESFORCE, "query|userinfo", "later"),
        )
    )
    for way, statuses in (
        (_in_json, (400, 403, 404, 500)),
        (_in_a_list, (200, 400, 403)),
        (_in_text, (200, 400, 401, 404)),
        (_in_a_redirect, (302,)),
    )
    for turn, status in enumerate(statuses)
    if WHOLE or (turn == place % 2 and way is (_in_json, _in_a_list, _in_text)[place % 3])
]


@pytest.mark.parametrize(("source", "pattern", "answer"), ECHOES)
def test_a_server_that_repeats_what_it_was_sent_is_not_quoted(
    guarded: Guarded, source: str, pattern: str, answer: Callable[[str], Response]
) -> None:
    """Debugging proxies and some servers put the headers or the form into their refusal."""
    server = guarded.company.servers[source]
    with echoing(server, pattern, answer):
        [code, *_] = guarded.try_out(("sync", "--full", source), *[("sources", "probe", source)] * WHOLE)
    assert code == 3


@pytest.mark.parametrize(
    "answer",
    [
        Response(b"x", 200, {"Bad Header": "x"}),
        Response(b"x", 404),
        Response(b"x", 302, {"Location": "https://elsewhere.example/?sig=1"}),
    ],
    ids=["headers that cannot be read", "gone", "moved"],
)
def test_a_signed_link_that_fails_is_not_shown(guarded: Guarded, answer: Response) -> None:
    """The library warns of headers that it cannot read, with the whole address."""
    guarded.company.web.add_fault(Fault("sheet", answer, times=None))
    guarded.company.configure(guarded.folder, sheet={})
    try:
        assert guarded.try_out(("sync", "sheet")) == [3]
    finally:
        guarded.company.web.clear_faults()
        guarded.company.configure(guarded.folder)


@pytest.mark.parametrize("form", ["{}\nsecond", "{}\N{GRINNING FACE}", "{}\r\n\r\n", "{}\0"][: 4 if WHOLE else 2])
@pytest.mark.parametrize("name", ["asana token", "jira token", "mail password", "webhook key"][: 4 if WHOLE else 1])
def test_a_secret_that_was_stored_badly_is_not_shown(guarded: Guarded, name: str, form: str) -> None:
    """A library that refuses a header quotes it."""
    with guarded.held(name, form.format(guarded.value(name))):
        [code] = guarded.try_out(("sources", "probe", "asana"))
    assert code == (2 if form[-1] != "\N{GRINNING FACE}" else 3 if name == "asana token" else 0)


@pytest.mark.parametrize(
    "refusal",
    ["sign-in", "token", "MAIL", "RCPT", "DATA", "nobody", "certificate", "hook", "moved"][:: 1 if WHOLE else 4],
)
def test_a_mail_or_a_message_that_is_refused_shows_no_secret(guarded: Guarded, refusal: str) -> None:
    """Mail servers repeat what they heard; addresses of chats and webhooks are keys."""
    company = guarded.company
    settings = company.oauth() if refusal == "token" else company.others()
    smtp = settings["mail"]["smtp"]
    company.mailbox.lets_in = refusal not in ("sign-in", "token")
    if refusal.isupper():
        company.mailbox.refuse[refusal] = f"550 5.7.1 no {guarded.value('mail password')}"
    elif refusal == "nobody":
        smtp["port"] = free_port()
    elif refusal == "certificate":
        del smtp["ca_file"]
    elif refusal in ("hook", "moved"):
        company.web.status = {"hook": 500, "moved": 302}[refusal]
        elsewhere = f"https://elsewhere.example/{guarded.value('webhook key')}"
        company.web.headers = {"Location": elsewhere, "Bad Header": ""}
    try:
        assert guarded.send(**settings) == [3]
        guarded.try_out(("doctor",), ("status",))
    finally:
        company.mailbox.lets_in = True
        company.mailbox.refuse.clear()
        company.web.status, company.web.headers = 200, {}


@pytest.mark.parametrize(
    "address",
    ["{}", "slack://{}", "jsons://127.0.0.1:1/{}", "json://[::bad/{}", "nonsense://{}"][: 5 if WHOLE else 2],
)
def test_an_address_of_a_chat_that_is_wrong_is_not_shown(guarded: Guarded, address: str) -> None:
    with guarded.held("chat url", address.format(guarded.value("chat key"))):
        assert guarded.send() == [3]


@pytest.mark.parametrize("address", ["https://127.0.0.1:{port}/{key}", "https://[{key}", "{key}"])
def test_an_address_that_watches_over_the_daemon_is_not_shown(
    guarded: Guarded, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    port = guarded.company.web.url.rpartition(":")[2]
    url = address.format(port=port, key=guarded.value("dead man key"))
    logs.configure(10)
    try:
        assert not ask(Secret("env:X").resolved(url))
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr()
    assert "dead_man.failed" in said.err
    guarded.faults += 1
    guarded.watch.look("dead man", out=said.out, err=said.err)
    assert guarded.watch.found == []


def _jira(**changes: Any) -> Callable[[dict[str, Any], str], None]:
    def change(settings: dict[str, Any], secret: str) -> None:
        jira = settings["sources"]["jira"]
        for key, value in changes.items():
            jira[key] = value.replace("SECRET", secret) if isinstance(value, str) else [secret]

    return change


def _user_in(source: str) -> Callable[[dict[str, Any], str], None]:
    def change(settings: dict[str, Any], secret: str) -> None:
        settings["sources"][source]["url"] = settings["sources"][source]["url"].replace("//", f"//me:{secret}@")

    return change


SLIPS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "in place of a reference": _jira(token="SECRET"),
    "in a list": _jira(token=["SECRET"]),
    "under a misspelled key": _jira(tokn="SECRET"),
    "in an address that people open": _jira(browse_url="https://me:SECRET@jira.example"),
    "in the address of Asana": _user_in("asana"),
    "in the address of Salesforce": _user_in("crm"),
    "in the database's address": lambda settings, secret: settings.update(
        state={"url": f"postgresql://u:{secret}@127.0.0.1:1/x"}
    ),
    "in the database's query": lambda settings, secret: settings.update(
        state={"url": f"postgresql://u@127.0.0.1:1/x?password={secret}"}
    ),
    "in the watcher's address": lambda settings, secret: settings["service"].update(
        dead_man_url=f"https://hc.example/{secret}"
    ),
    "in a channel's address": lambda settings, secret: settings["channels"]["board"].update(
        url=f"https://hooks.example/{secret}"
    ),
    "as the mail password": lambda settings, secret: settings["mail"]["smtp"].update(password=secret),
    "in a link to a sheet": lambda settings, secret: settings["sources"].update(
        sheet={"kind": "spreadsheet", "path": f"https://files.example/a.csv?sig={secret}", "records": "saving"}
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_secret_that_was_written_into_the_settings_is_refused_and_not_repeated(guarded: Guarded, slip: str) -> None:
    settings_file = guarded.folder / "driftline.yaml"
    settings = yaml.safe_load(settings_file.read_text())
    SLIPS[slip](settings, guarded.company.known["jira token"].core)
    settings_file.write_text(yaml.safe_dump(settings))
    try:
        found = guarded.watch.run("check", folder=guarded.folder)
        more = [("doctor",), ("status",), ("sync",)] if WHOLE else []
        assert found.code == 2
        assert "error: " in found.err
        guarded.faults += 1
        for words in more:
            guarded.watch.run(*words, folder=guarded.folder)
    finally:
        guarded.company.configure(guarded.folder)
    guarded.look_through()


@contextmanager
def repeating_database() -> Iterator[int]:
    """A server that asks for the password as it is and puts it into its refusal."""

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    if connection.recv(4096)[4:8] == struct.pack("!I", 80877103):  # may we have TLS?
                        connection.sendall(b"N")
                        connection.recv(4096)
                    connection.sendall(b"R" + struct.pack("!II", 8, 3))
                    password = connection.recv(4096)[5:].rstrip(b"\0")
                    told = b"SFATAL\0C28P01\0Mno user with the password " + password + b"\0\0"
                    connection.sendall(b"E" + struct.pack("!I", len(told) + 4) + told)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_database_that_refuses_shows_no_password(guarded: Guarded) -> None:
    with repeating_database() as port:
        for where in (port, 1):
            state = {"url": f"postgresql://u@127.0.0.1:{where}/x", "password": reference("database password")}
            with guarded.laid_over(state=state):
                assert guarded.try_out(("status",), ("doctor",)) == [2, 2]


def test_a_tap_that_cries_its_token_out_is_not_quoted(guarded: Guarded) -> None:
    """It is a program of its own that is given the secret in a private file and may say anything."""
    token = guarded.value("tap token")
    world = guarded.room / "world.json"
    cries = [{"err": f"CRITICAL no access with {token}"}, {"out": f"{{'token': '{token}'}}"}, {"exit": 1}]
    tasks = {"schema": TASKS_SCHEMA, "key_properties": ["id"], "records": []}
    settings_file = guarded.folder / "driftline.yaml"
    settings = yaml.safe_load(settings_file.read_text())
    settings["sources"]["tap"] = {
        "kind": "singer",
        "tap": [sys.executable, str(SCRIPTED_TAP)],
        "config": {"world": str(world), "token": reference("tap token")},
        "streams": {"tasks": {"kind": "work_item", "fields": TASK_FIELDS}},
    }
    settings_file.write_text(yaml.safe_dump(settings))
    try:
        for step in cries if WHOLE else cries[:1]:
            # The world is the tap's own and holds what it will say.
            world.write_text(json.dumps({"streams": {"tasks": tasks}, "instead": [step, {"exit": 1}]}))
            found = guarded.watch.run("sync", "tap", folder=guarded.folder)
            world.unlink()
            assert found.code == 3
            assert "tap" in found.err
            guarded.faults += 1
            guarded.look_through()
    finally:
        guarded.company.configure(guarded.folder)


def test_a_mistake_of_our_own_shows_no_secret(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last resort prints a traceback, and texts of exceptions hold anything."""

    def crash(client: JiraClient) -> None:
        raise ZeroDivisionError(f"cannot divide {client._options.token.reveal()!r}")

    monkeypatch.setattr(JiraClient, "open", crash)
    assert guarded.try_out(("sync", "jira"), ("sources", "probe", "jira")) == [3, 2]


@pytest.mark.skipif(not WHOLE, reason="DRIFTLINE_CANARIES=all asks for it")
def test_the_daemon_shows_no_secret_to_whoever_looks(guarded: Guarded) -> None:
    """Its arguments and those of its children, its log, and what it answers over HTTP, with the token and without."""
    port = free_port()
    service = guarded.company.others()["service"] | {"port": port}
    with guarded.laid_over(service=service):
        running = subprocess.Popen(
            command_line("-v", "run", folder=guarded.folder),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(guarded.watch.temporary)},
        )
        try:
            token = secret_file(guarded.folder, "metrics token").read_text()
            answers = [_asked(port, path, given) for given in (token, "wrong") for path in ("/metrics", "/readyz")]
            arguments = [_arguments(pid) for pid in (running.pid, *_children(running.pid))]
        finally:
            running.send_signal(signal.SIGTERM)
            out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err.decode()
    assert [status for status, _ in answers[2:]] == [401, 401]
    assert answers[0][0] == 200
    assert b"driftline" in answers[0][1]
    assert b"-v" in arguments[0]
    guarded.faults += 1
    guarded.watch.look("run", out=out, err=err, answers=b"".join(text for _, text in answers))
    guarded.watch.look("run", arguments=b"\n".join(arguments))
    guarded.look_through()


def _asked(port: int, path: str, token: str) -> tuple[int, bytes]:
    """One question, as soon as somebody listens."""
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.status, bytes(str(answer.headers), "utf-8") + answer.read()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        finally:
            connection.close()


def _arguments(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.mark.skipif(not WHOLE, reason="DRIFTLINE_CANARIES=all asks for it")
def test_the_whole_matrix_of_faults_shows_no_secret(guarded: Guarded) -> None:
    """Every source, every fault, at every position, with the log at DEBUG."""
    company = guarded.company
    matrix = Matrix(company, company.folder, guarded.room / "matrix")
    matrix.room.mkdir()
    before = guarded.faults
    for struck in _strikes(matrix):
        source, folder = struck
        guarded.watch.run("sync", "--full", source, folder=folder)
        guarded.faults += 1
        guarded.look_through()
    guarded.noted.append(f"among them {guarded.faults - before:,} cells of the matrix of faults")
    assert guarded.faults - before > 500


def _strikes(matrix: Matrix) -> Iterator[tuple[str, Path]]:
    """Each fault of the matrix, struck: the source that is to be read, and where."""
    for system in CALLED:
        matrix.begin(system.source)
        matrix.company.servers[system.source].requests.clear()
        assert driftline("sync", "--full", system.source, folder=matrix.room / str(matrix.cells)).code == 0
        matrix.requests[system.source] = list(matrix.company.servers[system.source].requests)
    for system, trouble, position in (parameters.values for parameters in _every_cell()):
        folder = matrix.begin(system.source)
        matrix.strike(system.source, replace(trouble.fault, pattern=system.pages), position)
        if trouble.silent:
            matrix.company.configure(folder, impatient=True)
        yield system.source, folder
    for named in NAMED:
        for position in named.ends:
            folder = matrix.begin(named.system.source)
            for fault in named.faults():
                matrix.strike(named.system.source, fault, position)
            yield named.system.source, folder
    for disturbance in WORLDS:
        for position in disturbance.positions:
            folder = matrix.begin(disturbance.system.source)
            disturbance.disturb(matrix.company, folder, position)
            yield disturbance.system.source, folder


def _every_cell() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.faults.matrix.book.WHOLE", True)
        yield from list(_cells())


def test_control_what_leaks_is_found_in_every_spelling_and_place(tmp_path: Path) -> None:
    """The search itself: a canary in base64 at each of three places, in hex, across lines, in a mail, in a file."""
    import base64
    import random

    secret = canary("a token", random.Random(7))
    search = Search([secret])
    raw = secret.core.encode()
    shifted = [base64.b64encode(b"u" * before + raw) for before in range(3)]
    wrapped = b"=\r\n".join(raw[start : start + 5] for start in range(0, len(raw), 5))
    escaped = "".join(f"\\u{letter:04x}" for letter in raw).encode()
    leaks = [raw, raw.hex().encode(), raw[::-1], wrapped, escaped, raw[:16], raw[16:], *shifted]
    assert [bool(search.hits(b"before " + leak + b" after", "")) for leak in leaks] == [True] * len(leaks)
    mail = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"x" + raw)
    assert search.hits_in_mail(mail, "")
    (tmp_path / "a.wal").write_bytes(b"\0" * 100 + raw)
    assert search.hits_below(tmp_path) == ["a.wal: a token, as it is"]
    assert search.hits(secret.core[:15] + "?" + secret.core[17:], "") == []


@pytest.mark.parametrize(
    "removed",
    ["concealment of answers", "the type of secrets", "the level of libraries"],
    ids=["concealment", "type", "level"],
)
def test_control_without_a_protection_the_canaries_are_found(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, removed: str
) -> None:
    company = guarded.company
    if removed == "concealment of answers":
        monkeypatch.setattr("connectors.http.conceal", lambda *_: None)
        monkeypatch.setattr("cli.logs.without_secrets", lambda text: text)
        with echoing(company.servers["crm"], "oauth2/token", _in_json(400)):
            found = guarded.watch.run("sync", "--full", "crm", folder=guarded.folder)
        assert found.code == 3
        # It was stored as the reason why the source could not be read: put the state back to what holds none.
        for path in guarded.folder.glob("state.db*"):
            path.unlink()
    elif removed == "the type of secrets":
        monkeypatch.setattr(Secret, "__repr__", lambda secret: f"Secret({secret._value})")
        guarded.watch.look("a repr", text=repr(Secret("env:X").resolved(guarded.value("jira token"))))
    else:
        monkeypatch.setattr("cli.logs._QUOTE_ADDRESSES", {})
        monkeypatch.setattr("cli.logs.without_secrets", lambda text: text)
        company.web.add_fault(Fault("sheet", Response(b"x", 200, {"Bad Header": "x"}), times=None))
        company.configure(guarded.folder, sheet={})
        import logging

        for name in ("urllib3", "apprise"):
            logging.getLogger(name).setLevel(logging.NOTSET)
        guarded.watch.run("sync", "sheet", folder=guarded.folder)
        company.web.clear_faults()
        company.configure(guarded.folder)
    hits, guarded.watch.found = guarded.watch.found, []
    assert hits
    show_control("X1", removed=f"{removed}, taken away", seen=f"{len(hits)} hits, the first in {hits[0].split(':')[0]}")
