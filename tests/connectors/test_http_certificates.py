"""Whom the HTTP policy trusts: servers with a certificate that somebody vouches for."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.base import HttpOptions, ReadContext
from connectors.http import open_session
from model.errors import ConfigurationError, SourceUnavailableError
from sandbox.http import Response, StandIn
from tests.connectors.contract import InstantStop, context_at


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of its own authority for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "server.pem", folder / "server.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture
def context() -> ReadContext:
    return context_at()


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The server behind TLS, with a certificate that only its own authority knows."""
    certificate_file, key_file = _certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate_file, key_file)
    server = StandIn()
    server.route("GET", "/things", lambda _: Response({"a": 1}))
    with server:
        inner = server._server
        assert inner is not None
        inner.socket = tls.wrap_socket(inner.socket, server_side=True)
        inner.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake is what is tested
        yield server.url.replace("http://", "https://"), certificate_file


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: tuple[str, Path], context: ReadContext) -> None:
    url, _ = secure
    with (
        open_session("jira", HttpOptions(attempts=3), context, base_url=url) as session,
        pytest.raises(SourceUnavailableError, match="certificate is not trusted") as caught,
    ):
        session.get(f"{url}/things", verify=False)
    assert "http.ca_file" in caught.value.problems[0].hint
    assert isinstance(context.stop, InstantStop)
    assert context.stop.waits == []


def test_a_companys_own_certificate_is_trusted_through_ca_file(
    secure: tuple[str, Path], context: ReadContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment names other certificates."""
    url, certificate_file = secure
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with open_session("jira", HttpOptions(ca_file=str(certificate_file)), context, base_url=url) as session:
        assert session.get(f"{url}/things").json() == {"a": 1}


def test_a_ca_file_that_is_missing_or_holds_something_else_is_told(context: ReadContext, tmp_path: Path) -> None:
    (tmp_path / "shopping.pem").write_text("milk, bread")
    for name, reason in (("none.pem", "No such file or directory"), ("shopping.pem", "it holds none")):
        options = HttpOptions(ca_file=str(tmp_path / name))
        with pytest.raises(ConfigurationError, match=rf"cannot use the certificates in \S*{name}: ({reason})"):
            open_session("jira", options, context, base_url="https://jira.example.com")
