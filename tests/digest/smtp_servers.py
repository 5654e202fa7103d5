"""Mail servers on loopback: a real one that refuses on request, and a scripted one that misbehaves."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

USER, PASSWORD = "driftline@acme.example", "correct-horse-battery"


@dataclass
class Mailbox:
    """Keeps what it accepts; ``refuse`` names a command (MAIL, RCPT, DATA) and what to answer to it."""

    refuse: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    sign_ins: list[tuple[bytes, bytes]] = field(default_factory=list)
    auth_refusal: str = "535 5.7.8 no such account"

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.received.append((envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b""))
        return "250 stored"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.sign_ins.append((given.login, given.password))
        if (given.login, given.password) == (USER.encode(), PASSWORD.encode()):
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=self.auth_refusal)


@contextmanager
def running(mailbox: Mailbox, **settings: Any) -> Iterator[int]:
    """Run a real SMTP server for the mailbox and give its port."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **settings)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class Line:
    """One connection of the scripted server, spoken line by line."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.file = connection.makefile("rb")
        self.heard: list[bytes] = []

    def say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def hear(self) -> bytes:
        line = self.file.readline()
        self.heard.append(line)
        return line

    def hear_message(self) -> None:
        while self.hear() not in (b".\r\n", b""):
            pass

    def greet(self) -> None:
        """Everything up to the first MAIL command."""
        self.say("220 mail.acme.example")
        self.hear()
        self.say("250 mail.acme.example")

    def take_message(self) -> None:
        """Everything up to the end of the text, which stays without an answer."""
        self.greet()
        for answer in ("250 OK", "250 OK", "354 go on"):
            self.hear()
            self.say(answer)
        self.hear_message()


@contextmanager
def scripted(script: Callable[[Line], None]) -> Iterator[tuple[int, Callable[[], list[bytes]]]]:
    """A server that plays a script to one client, then hangs up. Gives its port and what it heard."""
    heard: list[bytes] = []
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            line = Line(connection)
            with connection, line.file:
                try:
                    script(line)
                finally:
                    heard.extend(line.heard)
                    done.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def after_the_end() -> list[bytes]:
            assert done.wait(5)
            return heard

        yield listener.getsockname()[1], after_the_end
        thread.join(5)


def self_signed(
    folder: Path, name: str = "localhost", address: str | None = "127.0.0.1"
) -> tuple[Path, ssl.SSLContext]:
    """Write a certificate for a host and give its file with the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    names += [x509.IPAddress(ip_address(address))] if address else []
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
