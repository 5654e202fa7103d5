"""A company whose every secret is a canary, and a watch over everything that its commands write (X1)."""

import base64
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote_plus

import yaml
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.http import Request, Response, StandIn
from tests.cli.console import Said, driftline
from tests.digest.smtp_servers import USER, Mailbox, running, self_signed
from tests.faults.matrix.company import ASANA, DATA_CENTER, JIRA, SALESFORCE, Company
from tests.security.canaries import Canary, Search, canary

SEED = 20261121
_NAMES: Mapping[str, str] = {
    "jira token": "{}",
    "data center token": 'with"quotes\\{}/+=%&',
    "asana token": "0/{}",
    "salesforce client secret": "{}+/=",
    "salesforce access token": "00D!{}.x",
    "mail password": "pass {} word",
    "mail client secret": "{}~",
    "mail refresh token": "1//{}",
    "mail access token": "ya29.{}",
    "database password": "p@ss:{}/%41",
    "metrics token": "{}",
    "webhook key": "whsec-{}",
    "chat key": "{}",
    "dead man key": "{}",
    "sheet token": "{}",
    "sheet signature": "{}",
    "traces key": "Bearer {}",
    "tap token": "{}",
}
_TABLE = b"No.;Initiative;Run-rate in kEUR\nQ-1;Ropes;100\n"


def canaries(seed: int = SEED) -> dict[str, Canary]:
    """One for each secret that a configuration can hold."""
    dice = random.Random(seed)
    return {name: canary(name, dice, form) for name, form in _NAMES.items()}


class GuardedMailbox(Mailbox):
    """Lets in whoever has the canary of the mailbox, by password or by token; ``lets_in`` says whether at all."""

    def __init__(self, known: Mapping[str, Canary]) -> None:
        super().__init__()
        self.known = known
        self.lets_in = True
        self.said: list[bytes] = []

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.said.append(given.password)
        if self.lets_in and given.password == self.known["mail password"].value.encode():
            return AuthResult(success=True)
        # Some servers repeat what they were told.
        told = given.password.decode(errors="replace")
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 no such account: {USER} {told}")

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        said = base64.b64decode(args[1])
        self.said.append(said)
        if self.lets_in and self.known["mail access token"].value.encode() in said:
            return AuthResult(success=True)
        await server.challenge_auth(said.replace(b"\x01", b" "), encode_to_b64=True)
        return AuthResult(success=False, handled=False, message="535 5.7.3 no: " + said.decode().replace("\x01", " "))


class Web(StandIn):
    """Whatever else is called: a webhook, a chat, a token endpoint, a sheet behind a signed link."""

    def __init__(self, known: Mapping[str, Canary]) -> None:
        super().__init__()
        self.known = known
        self.status = 200
        self.headers: dict[str, str] = {}
        self.got: list[Request] = []
        self.route("GET", "/sheet.csv", self._sheet)
        self.route("POST", "/token", self._token)
        self.route("POST", ".*", self._take)
        self.route("GET", ".*", self._take)

    def _sheet(self, request: Request) -> Response:
        self.got.append(request)
        if request.headers.get("Authorization") != f"Bearer {self.known['sheet token'].value}":
            return Response({}, 401)
        return Response(_TABLE, self.status, self.headers, content_type="text/csv")

    def _token(self, request: Request) -> Response:
        self.got.append(request)
        if self.status != 200:
            return Response({"error": "invalid_grant", "error_description": request.body.decode()}, self.status)
        return Response({"access_token": self.known["mail access token"].value, "token_type": "Bearer"})

    def _take(self, request: Request) -> Response:
        self.got.append(request)
        return Response(b"ok", self.status, self.headers, content_type="text/plain")


class GuardedCompany(Company):
    """The company of the matrix of faults with secrets that nobody may ever see again."""

    def __init__(self, folder: Path, known: Mapping[str, Canary]) -> None:
        super().__init__(folder)
        self.known = known
        self.web = Web(known)
        self.mailbox = GuardedMailbox(known)
        self.settings: dict[str, Any] = {}
        """What is laid over the settings, by key."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._stack.enter_context(self.web)
        self.tls = self.folder.parent / "tls"
        self.tls.mkdir(exist_ok=True)
        self.certificate, context = self_signed(self.tls)
        self.mail_port = self._stack.enter_context(
            running(self.mailbox, tls_context=context, auth_required=True, authenticator=self.mailbox.authenticate)
        )
        crm = self.server(SALESFORCE)

        def token() -> str:
            crm._tokens.add(self.known["salesforce access token"].value)
            return self.known["salesforce access token"].value

        crm._new_token = token
        self.write_secrets(self.folder)
        return self

    def write_secrets(self, folder: Path) -> None:
        """Every secret in a file that only its owner may read."""
        whole = {
            "webhook url": f"{self.web.url}/hooks/{self.known['webhook key'].value}",
            "chat url": f"json://{self.web.url.removeprefix('http://')}/{self.known['chat key'].value}",
            "dead man url": f"https://{self.web.url.removeprefix('http://')}/ping/{self.known['dead man key'].value}",
            "sheet query": f"sig={self.known['sheet signature'].value}&x=1",
        }
        held = {name: each.value for name, each in self.known.items()} | whole
        for name, value in held.items():
            path = secret_file(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(value)

    def _jira(self) -> Any:
        site = super()._jira()
        site.token = self.known["jira token"].value
        return site

    def _asana(self) -> Any:
        workspace = super()._asana()
        workspace.token = self.known["asana token"].value
        return workspace

    def _salesforce(self) -> Any:
        org = super()._salesforce()
        org.client_secret = self.known["salesforce client secret"].value
        return org

    def monday(self, source: str) -> None:
        super().monday(source)
        if source == DATA_CENTER.source:
            self.server(DATA_CENTER).site.token = self.known["data center token"].value
        self.web.clear_faults()
        self.web.status, self.web.headers = 200, {}
        self.mailbox.lets_in = True
        self.mailbox.refuse.clear()

    def configure(self, folder: Path, *, impatient: bool = False, **changes: Mapping[str, Any]) -> None:
        """The configuration of the matrix with secrets from everywhere, and with mails, channels and a health port."""
        self.server(DATA_CENTER).site.token = self.known["data center token"].value
        sheet = changes.pop("sheet", None)
        super().configure(folder, impatient=impatient, **changes)
        settings = yaml.safe_load((folder / "driftline.yaml").read_text())
        for name, secret in (
            (JIRA.source, "jira token"),
            (DATA_CENTER.source, "data center token"),
            (ASANA.source, "asana token"),
        ):
            if "token" not in changes.get(name, {}):
                settings["sources"][name]["token"] = f"file:{secret_file(Path(), secret)}"
        settings["sources"][ASANA.source]["token"] = f"command:cat {secret_file(Path(), 'asana token')}"
        settings["sources"][SALESFORCE.source]["client_secret"] = (
            f"file:{secret_file(Path(), 'salesforce client secret')}"
        )
        if sheet is not None:
            settings["sources"]["sheet"] = self.sheet() | dict(sheet)
        settings |= self.others() | self.settings
        (folder / "driftline.yaml").write_text(yaml.safe_dump(settings))

    def sheet(self) -> dict[str, Any]:
        """A tracker behind a link that is a key, with a token on top."""
        return {
            "kind": "spreadsheet",
            "path": f"{self.web.url}/sheet.csv",
            "storage": {"token": reference("sheet token"), "query": reference("sheet query")},
            "records": "saving",
            "locale": "en",
            "currency": "EUR",
            "http": {"attempts": 1, "parallel": 1},
            "columns": {
                "key": "No.",
                "title": "Initiative",
                "run_rate": {"header": "Run-rate in kEUR", "unit": "kEUR"},
            },
        }

    def others(self) -> dict[str, Any]:
        """All settings beside the sources that refer to a secret."""
        smtp = {
            "host": "127.0.0.1",
            "port": self.mail_port,
            "username": USER,
            "password": reference("mail password"),
            "ca_file": str(self.certificate),
            "timeout_seconds": 5,
            "data_timeout_seconds": 5,
        }
        return {
            "log": {"level": "debug"},
            "mail": {"sender": USER, "admin": "admin@acme.example", "smtp": smtp},
            "channels": {
                "board": {"kind": "webhook", "url": reference("webhook url"), "secret": reference("webhook key")},
                "chat": {"kind": "chat", "url": reference("chat url")},
            },
            "digests": {
                "leaders": {"recipients": ["ann@acme.example"], "channels": ["board", "chat"], "heartbeat": True}
            },
            "service": {"token": reference("metrics token"), "dead_man_url": reference("dead man url")},
        }

    def oauth(self) -> dict[str, Any]:
        """The mail server, signed in to with a token."""
        smtp = self.others()["mail"]["smtp"] | {
            "oauth": {
                "token_url": f"{self.web.url}/token",
                "client_id": "app",
                "client_secret": reference("mail client secret"),
                "refresh_token": reference("mail refresh token"),
            }
        }
        del smtp["password"]
        return {"mail": {"sender": USER, "smtp": smtp}}


def secret_file(folder: Path, name: str) -> Path:
    return folder / "secrets" / name.replace(" ", "-")


def reference(name: str) -> str:
    return f"file:{secret_file(Path(), name)}"


@dataclass
class Watch:
    """Runs commands and looks for canaries in everything that they say, write and start."""

    search: Search
    temporary: Path
    commands: int = 0
    children: int = 0
    found: list[str] = field(default_factory=list)
    _started: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *words: object, folder: Path, **environment: str) -> Said:
        """One command with the log at DEBUG; what it said, what it started and what it left in temporary folders."""
        said = driftline("-v", *words, folder=folder, **environment)
        self.commands += 1
        self.look(" ".join(map(str, words)), out=said.out, err=said.err)
        return said

    def look(self, name: str, **texts: bytes | str) -> None:
        for where, text in texts.items():
            self.found += self.search.hits(text, f"{name}, {where}")
        for arguments in self._started:
            self.children += 1
            self.found += self.search.hits("\0".join(arguments), f"{name}, arguments of {arguments[0]}")
        self._started.clear()
        self.found += self.search.hits_below(self.temporary)

    def look_through(self, folder: Path) -> None:
        """Everything below a folder but the files that hold the secrets by intention."""
        self.found += self.search.hits_below(folder, but=folder.rglob("secrets/*"))

    def look_at_mails(self, mails: Sequence[bytes]) -> None:
        for mail in mails:
            self.found += self.search.hits_in_mail(mail, "a mail")


_WATCHES: list[Watch] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, which stays for the life of the process; it does nothing while nobody watches."""
    if event == "subprocess.Popen" and _WATCHES:
        words = arguments[1]
        _WATCHES[-1]._started.append((words,) if isinstance(words, str) else tuple(map(_text, words)))


def _text(word: Any) -> str:
    return word.decode(errors="replace") if isinstance(word, bytes) else str(word)


@contextmanager
def watching(known: Mapping[str, Canary], temporary: Path) -> Iterator[Watch]:
    """A watch with a folder of its own for temporary files."""
    temporary.mkdir(exist_ok=True)
    before = tempfile.tempdir
    watch = Watch(Search(known.values()), temporary)
    if not _WATCHES and not getattr(sys, "_driftline_audited", False):
        sys.addaudithook(_hear)
        sys._driftline_audited = True  # type: ignore[attr-defined]
    _WATCHES.append(watch)
    tempfile.tempdir = str(temporary)
    try:
        yield watch
    finally:
        tempfile.tempdir = before
        _WATCHES.remove(watch)


@contextmanager
def echoing(server: StandIn, pattern: str, answer: Callable[[str], Response]) -> Iterator[None]:
    """Let a server repeat what it was sent, headers and body, in the answers to what matches ``METHOD path?query``."""
    real = server.answer

    def repeated(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        if not re.search(pattern, f"{method} {target}"):
            return real(method, target, headers, body)
        shown = " ".join(value for name, value in headers.items() if name.lower() == "authorization")
        return answer(f"{shown} {unquote_plus(body.decode(errors='replace'))}"), None

    server.answer = repeated  # type: ignore[method-assign]
    try:
        yield
    finally:
        del server.answer
