"""Every client refuses a server that cannot prove who it is, before it sends anything secret (X2).

The servers are real, on this machine; each has one of three certificates: of an authority that nobody knows, for
another host, or expired. A fourth one that is right shows that the secret would have come.
"""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests.adapters
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.registry import connector_type
from digest.channels.chat import ChatSender
from digest.channels.oauth import access_token
from digest.channels.options import ChatOptions, WebhookOptions
from digest.channels.webhook import WebhookSender
from digest.deliver import Sender
from digest.options import OauthOptions, SmtpOptions
from model.errors import DriftlineError
from model.secret import Secret
from service.dead_man import ask
from state.engine import open_engine, our_errors, parse_url
from tests.connectors.contract import NOW, context_at
from tests.proofs.ledger import show, show_control

CANARY = "canary-81c4e2d07f6a9b35"
SECRET = Secret("env:X").resolved(CANARY)
BAD = ("unknown", "other host", "expired")


@dataclass(frozen=True)
class Papers:
    """An authority that our clients trust, and contexts of servers with certificates good and bad."""

    authority: Path
    contexts: dict[str, ssl.SSLContext]


def _signed(folder: Path, name: str, host: str, days: int, signer: Any, signer_name: x509.Name) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""What an authority says of its key; from Python 3.13 on, one that says nothing is refused."""


def _authority(name: str) -> tuple[Any, x509.Name, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=60))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_SIGNS, critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, subject, certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("papers")
    key, name, text = _authority("The company")
    stranger, stranger_name, _ = _authority("Somebody")
    (folder / "authority.pem").write_bytes(text)
    contexts = {
        "right": _signed(folder, "right", "localhost", 20, key, name),
        "unknown": _signed(folder, "unknown", "localhost", 20, stranger, stranger_name),
        "other host": _signed(folder, "other", "other.example", 20, key, name),
        "expired": _signed(folder, "expired", "localhost", -1, key, name),
    }
    return Papers(folder / "authority.pem", contexts)


@dataclass
class Server:
    """Listens on this machine, speaks what comes before TLS, and keeps what it is told after it."""

    context: ssl.SSLContext
    before: Callable[[socket.socket], None]
    after: Callable[[ssl.SSLSocket], bytes]
    heard: bytes = b""
    connections: int = 0
    port: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError, ValueError):
                connection.settimeout(30)
                self.before(connection)
                with self.context.wrap_socket(connection, server_side=True) as secure:
                    self.heard += self.after(secure)


@contextmanager
def serving(context: ssl.SSLContext, way: str) -> Iterator[Server]:
    before, after = _WAYS[way]
    server = Server(context, before, after)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=[listener], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(60)


def _nothing(_: socket.socket) -> None:
    """TLS from the first byte."""


def _ask_for_starttls(connection: socket.socket) -> None:
    for answer in (b"220 mail", b"250-mail\r\n250 STARTTLS", b"220 go on"):
        connection.sendall(answer + b"\r\n")
        if answer != b"220 go on":
            connection.recv(4096)


def _agree_to_tls(connection: socket.socket) -> None:
    """PostgreSQL's client asks first."""
    connection.recv(8)
    connection.sendall(b"S")


def _hear_http(secure: ssl.SSLSocket) -> bytes:
    heard = secure.recv(65536)
    if CANARY.encode() not in heard:
        with suppress(TimeoutError):
            secure.settimeout(1)
            heard += secure.recv(65536)
    secure.sendall(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return heard


def _hear_mail(secure: ssl.SSLSocket) -> bytes:
    import base64

    heard = secure.recv(4096)
    if not heard:
        return b""
    secure.sendall(b"250-mail\r\n250 AUTH PLAIN\r\n")
    told = secure.recv(4096)
    secure.sendall(b"535 no\r\n")
    return heard + base64.b64decode(told.split()[-1]) if b"AUTH" in told else heard


def _hear_mail_from_the_start(secure: ssl.SSLSocket) -> bytes:
    secure.sendall(b"220 mail\r\n")
    return _hear_mail(secure)


def _hear_database(secure: ssl.SSLSocket) -> bytes:
    heard = secure.recv(4096)
    secure.sendall(b"R\0\0\0\x08\0\0\0\x03")  # the password as it is
    return heard + secure.recv(4096)


_WAYS: dict[str, tuple[Callable[[socket.socket], None], Callable[[ssl.SSLSocket], bytes]]] = {
    "http": (_nothing, _hear_http),
    "starttls": (_ask_for_starttls, _hear_mail),
    "mail tls": (_nothing, _hear_mail_from_the_start),
    "postgresql": (_agree_to_tls, _hear_database),
}


def _source(kind: str, port: int, ca_file: Path) -> None:
    url = f"https://localhost:{port}"
    given: dict[str, Any] = {"kind": kind, "http": {"attempts": 1, "ca_file": str(ca_file)}}
    given |= {
        "jira": {"url": url, "token": SECRET, "projects": ["WEB"]},
        "asana": {"url": url, "token": SECRET, "projects": ["1"]},
        "salesforce": {"url": url, "client_id": "app", "client_secret": SECRET, "currency": "EUR"},
        "spreadsheet": {
            "path": f"{url}/a.csv",
            "storage": {"token": SECRET},
            "records": "saving",
            "columns": {"key": "No."},
            "locale": "en",
        },
    }[kind]
    connector = connector_type(kind)
    source = connector("s", connector.options_type.model_validate(given), context_at())
    try:
        source.probe()
    finally:
        source.close()


def _mail(security: str, port: int, ca_file: Path) -> None:
    options = {"host": "localhost", "port": port, "security": security, "username": "me", "password": SECRET}
    Sender(
        SmtpOptions.model_validate({**options, "ca_file": str(ca_file), "timeout_seconds": 30}), "a@b.example"
    ).try_out()


def _token(port: int, _: Path) -> None:
    url = f"https://localhost:{port}/token"
    access_token(OauthOptions(token_url=url, client_id="app", client_secret=SECRET), timeout=30)


def _webhook(port: int, _: Path) -> None:
    url = Secret("env:U").resolved(f"https://localhost:{port}/{CANARY}")
    WebhookSender("board", WebhookOptions(kind="webhook", url=url, secret=Secret("env:S").resolved("x" * 32))).send(
        "id", b"{}", now=NOW
    )


def _chat(port: int, _: Path) -> None:
    url = Secret("env:U").resolved(f"jsons://localhost:{port}/{CANARY}")
    ChatSender("leaders", ChatOptions(kind="chat", url=url)).send("subject", "body")


def _dead_man(port: int, _: Path) -> None:
    if not ask(Secret("env:U").resolved(f"https://localhost:{port}/{CANARY}")):
        raise DriftlineError("it did not answer well")


def _database(port: int, ca_file: Path) -> None:
    url = f"postgresql://me:{CANARY}@localhost:{port}/state?sslmode=verify-full&sslrootcert={ca_file}"
    engine = open_engine(parse_url(url))
    with our_errors("the state"), engine.connect():
        pass


CLIENTS: dict[str, tuple[str, Callable[[int, Path], None]]] = {
    "Jira": ("http", lambda port, ca_file: _source("jira", port, ca_file)),
    "Asana": ("http", lambda port, ca_file: _source("asana", port, ca_file)),
    "Salesforce": ("http", lambda port, ca_file: _source("salesforce", port, ca_file)),
    "a sheet": ("http", lambda port, ca_file: _source("spreadsheet", port, ca_file)),
    "a token for mails": ("http", _token),
    "a webhook": ("http", _webhook),
    "a chat": ("http", _chat),
    "the watcher": ("http", _dead_man),
    "mail by STARTTLS": ("starttls", lambda port, ca_file: _mail("starttls", port, ca_file)),
    "mail by TLS": ("mail tls", lambda port, ca_file: _mail("tls", port, ca_file)),
    "PostgreSQL": ("postgresql", _database),
}


@pytest.fixture(autouse=True)
def _trusting(papers: Papers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients without a setting for it trust the authority too, so that only the certificate itself is judged."""
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(papers.authority))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def tried(client: str, certificate: str, papers: Papers) -> Server:
    """What a server with this certificate heard from this client, which was refused or refuses."""
    way, call = CLIENTS[client]
    with serving(papers.contexts[certificate], way) as server:
        with pytest.raises(DriftlineError) as caught:
            call(server.port, papers.authority)
        assert CANARY not in str(caught.value)
    return server


def test_a_server_that_cannot_prove_who_it_is_hears_no_secret(papers: Papers) -> None:
    """X2: three kinds of certificates, every client that sends a secret."""
    refused = 0
    for client in CLIENTS:
        assert CANARY.encode() in tried(client, "right", papers).heard, f"{client} sends its secret to the right server"
        for certificate in BAD:
            server = tried(client, certificate, papers)
            assert server.connections >= 1, f"{client} did call"
            assert server.heard == b"", f"{client} told a server whose certificate is {certificate}"
            refused += 1
    show(
        "X2",
        "Servers of sources, mail, channels, the watcher and PostgreSQL (sslmode=verify-full) whose certificate is of"
        " an unknown authority, for another host or expired are refused before anything is sent to them",
        reach="3 of 3 for every client, 0 bytes sent",
        seen=f"{refused} of {len(CLIENTS) * len(BAD)} refused: {len(CLIENTS)} clients, {len(BAD)} certificates each,"
        " 0 bytes; all of them showed their secret to the right server",
    )


def test_control_without_the_check_of_certificates_the_secret_is_told(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = requests.adapters.HTTPAdapter.send

    def unchecked(adapter: Any, request: Any, stream: Any, timeout: Any, _verify: Any, *rest: Any, **named: Any) -> Any:
        return real(adapter, request, stream, timeout, False, *rest, **named)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", unchecked)
    monkeypatch.setattr("urllib3.connectionpool.warnings.warn", lambda *_, **__: None)
    told = sum(CANARY.encode() in tried("Jira", certificate, papers).heard for certificate in BAD)
    context = ssl._create_unverified_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: context())
    told += sum(CANARY.encode() in tried("mail by STARTTLS", certificate, papers).heard for certificate in BAD)
    assert told == 6
    show_control("X2", removed="the check of certificates", seen=f"{told} of 6 servers were told the secret")
