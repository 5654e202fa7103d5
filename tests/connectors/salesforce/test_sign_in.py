import errno
import os
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from connectors.salesforce.token_file import TokenFile
from model.errors import (
    ConfigurationError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceUnavailableError,
)
from model.secret import Secret
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.connectors.contract import NOW, InstantStop, everything_said, ids_of, records_of
from tests.connectors.salesforce.desk import MIA, Sales, running_sales


@pytest.fixture
def sales() -> Iterator[Sales]:
    with running_sales() as sales:
        yield sales


def test_a_wrong_secret_is_an_auth_error_with_a_remedy(sales: Sales) -> None:
    with pytest.raises(SourceAuthError, match="crm does not let us sign in: invalid client credentials") as caught:
        sales.connector(secret="wrong").probe()
    assert "client_id" in caught.value.problems[0].hint
    assert "wrong" not in str(caught.value)


def test_a_token_is_never_sent_to_a_server_that_is_not_salesforce(sales: Sales) -> None:
    answer = {"access_token": "00D!token", "instance_url": "https://collector.example.com", "id": ""}
    sales.server.add_fault(Fault("oauth2/token", Response(answer), times=None))
    with pytest.raises(SourceContentError, match=r"sends us to collector\.example\.com"):
        sales.connector().probe()


def test_a_sign_in_without_a_token_is_an_error(sales: Sales) -> None:
    sales.server.add_fault(Fault("oauth2/token", Response({"ok": True}), times=None))
    with pytest.raises(SourceContentError, match="without a token"):
        sales.connector().probe()


def test_plain_http_is_refused_beyond_this_machine(sales: Sales) -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        sales.connector(url="http://acme.example.com").probe()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": None},
        {"client_secret": None, "username": MIA},
        {"username": MIA, "private_key": Secret("env:KEY", "key")},
        {"url": "https://login.salesforce.com"},
        {"password": "env:PASSWORD"},
        {"promised_field": "Name FROM User"},
    ],
)
def test_options_that_cannot_work_are_refused_s1_s2(sales: Sales, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        sales.options(**changes)  # type: ignore[arg-type]


def _signing_with(key: str) -> dict[str, object]:
    return {"client_secret": None, "username": MIA, "private_key": Secret("file:key.pem", key)}


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_signed_assertion_signs_in_as_well_as_a_secret_s3(sales: Sales) -> None:
    sales.clock.now = NOW
    private, sales.org.trusted_keys[MIA] = _key_pair()
    by_key = _signing_with(private)
    sales.add("Kessler")
    assert list(sales.read(**by_key)) == ["Kessler"]
    _, sales.org.trusted_keys[MIA] = _key_pair()
    with pytest.raises(SourceAuthError, match="invalid assertion"):
        sales.read(**by_key)


def test_a_wrong_clock_is_refused_s3(sales: Sales) -> None:
    private, sales.org.trusted_keys[MIA] = _key_pair()
    by_key = _signing_with(private)
    sales.clock.now = NOW + timedelta(minutes=10)
    with pytest.raises(SourceAuthError, match="expired"):
        sales.connector(**by_key).probe()


def test_a_private_key_that_is_none_is_refused_without_showing_it(sales: Sales) -> None:
    by_key = {
        "client_secret": None,
        "username": MIA,
        "private_key": Secret("file:key.pem", "BEGIN something"),
    }
    with pytest.raises(SourceAuthError, match="private key of crm cannot be read") as caught:
        sales.connector(**by_key).probe()
    assert "BEGIN something" not in str(caught.value)


def test_a_token_without_the_right_to_ask_for_its_user_still_has_an_identity(sales: Sales) -> None:
    refusal = Response([{"errorCode": "INSUFFICIENT_ACCESS", "message": "scope"}], 403)
    sales.server.add_fault(Fault("userinfo", refusal, times=None))
    assert sales.connector().probe().identity == "005Dm00000IntegUSR"


def _by_token(token: str, **more: object) -> dict[str, object]:
    return {"client_secret": None, "refresh_token": Secret("env:SF_REFRESH", token), **more}


def test_a_refresh_token_signs_in_with_and_without_the_secret_of_the_app_s5(sales: Sales) -> None:
    sales.org.refresh_tokens = {"5Aep-first"}
    sales.add("Kessler")
    assert list(sales.read(**_by_token("5Aep-first"))) == ["Kessler"]
    with_secret = _by_token("5Aep-first", client_secret=Secret("env:SF_SECRET", "sf-secret"))
    assert list(sales.read(**with_secret)) == ["Kessler"]


def test_a_refresh_token_that_was_revoked_is_an_auth_error_with_a_remedy_s5(sales: Sales) -> None:
    with pytest.raises(SourceAuthError, match="expired access/refresh token") as caught:
        sales.read(**_by_token("5Aep-revoked"))
    assert "authorise the app anew" in caught.value.problems[0].hint
    assert "5Aep-revoked" not in everything_said(caught.value)


def test_a_rotated_token_with_no_file_to_keep_it_is_told_at_once_s5(sales: Sales) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    with pytest.raises(SourceAuthError, match="crm replaced its refresh token") as caught:
        sales.read(**_by_token("5Aep-first"))
    assert "refresh_token_file" in caught.value.problems[0].hint
    (new,) = sales.org.refresh_tokens
    assert new not in everything_said(caught.value)


def _in_file(path: Path, token: str = "5Aep-first") -> dict[str, object]:
    path.write_text(f"{token}\n")
    path.chmod(0o640)
    return {"client_secret": None, "refresh_token_file": path}


def test_each_rotated_token_replaces_the_one_in_the_file_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    file = tmp_path / "refresh-token"
    by_file = _in_file(file)
    sales.add("Kessler")
    kept = []
    for _ in range(3):
        assert list(sales.read(**by_file)) == ["Kessler"]
        assert sales.org.refresh_tokens == {file.read_text().strip()}
        kept.append(file.read_text())
    assert len(set(kept)) == 3
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["refresh-token"]


def test_a_session_that_ends_mid_read_is_renewed_with_the_new_token_s4_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    ids = {sales.add(f"Deal {number}") for number in range(8)}
    pages = sales.connector(**_in_file(tmp_path / "refresh-token")).changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_sessions()
    assert seen | ids_of(records_of(pages)) == ids
    assert sales.org.refresh_tokens == {(tmp_path / "refresh-token").read_text().strip()}


def test_a_token_of_an_org_without_rotation_stays_in_the_file_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens = {"5Aep-first"}
    sales.read(**_in_file(tmp_path / "refresh-token"))
    assert (tmp_path / "refresh-token").read_text() == "5Aep-first\n"


def test_a_link_to_a_token_stays_a_link_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    (tmp_path / "kept").mkdir()
    by_file = _in_file(tmp_path / "kept" / "token")
    link = tmp_path / "refresh-token"
    link.symlink_to(tmp_path / "kept" / "token")
    sales.read(**(by_file | {"refresh_token_file": link}))
    assert link.is_symlink()
    assert sales.org.refresh_tokens == {link.read_text().strip()}


def test_a_token_is_not_used_up_when_the_new_one_could_not_be_kept_s5(
    sales: Sales, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    by_file = _in_file(tmp_path / "refresh-token")

    def full(*_: object, **__: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(ConfigurationError, match="cannot be replaced: No space left"):
        sales.read(**by_file)
    assert sales.org.refresh_tokens == {"5Aep-first"}


def test_a_new_token_that_cannot_take_its_place_is_kept_beside_it_s5(
    sales: Sales, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales.org.refresh_tokens, sales.org.rotates_refresh_tokens = {"5Aep-first"}, True
    by_file = _in_file(tmp_path / "refresh-token")

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(os, "replace", busy)
    with pytest.raises(ConfigurationError, match="the new token is in") as caught:
        sales.read(**by_file)
    (beside,) = [one for one in tmp_path.iterdir() if one.name != "refresh-token"]
    assert str(beside) in caught.value.summary
    assert {beside.read_text().strip()} == sales.org.refresh_tokens


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_told_s5(sales: Sales, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "refresh-token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"the refresh token file .* of crm") as caught:
        sales.read(client_secret=None, refresh_token_file=file)
    assert caught.value.problems[0].hint
    with pytest.raises(ConfigurationError, match="No such file"):
        sales.read(client_secret=None, refresh_token_file=tmp_path / "nowhere" / "token")


def test_two_processes_never_sign_in_with_one_token_s5(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens = {"5Aep-first"}
    by_file = _in_file(tmp_path / "refresh-token")
    other = TokenFile("crm", tmp_path / "refresh-token", InstantStop())
    with other.alone(), pytest.raises(SourceUnavailableError, match="another process has been signing in to crm"):
        sales.read(**by_file)
    assert sales.server.requests == []
    assert sales.read(**by_file) == {}


def test_a_token_that_everybody_may_read_is_told_by_the_probe(sales: Sales, tmp_path: Path) -> None:
    sales.org.refresh_tokens = {"5Aep-first"}
    by_file = _in_file(tmp_path / "refresh-token")
    assert sales.connector(**by_file).probe().problems == []
    (tmp_path / "refresh-token").chmod(0o644)
    (problem,) = sales.connector(**by_file).probe().problems
    assert problem.hint == f"chmod o-rwx {tmp_path / 'refresh-token'}"


def _by_password(password: str = "s<cret&", token: str | None = "tok3n", **more: object) -> dict[str, object]:
    secrets = {"password": Secret("env:SF_PASSWORD", password)}
    secrets |= {"security_token": Secret("env:SF_TOKEN", token)} if token else {}
    return {"client_id": None, "client_secret": None, "username": MIA, **secrets, **more}


def test_a_password_signs_in_and_the_probe_says_until_when_s1(sales: Sales) -> None:
    sales.org.passwords[MIA] = "s<cret&tok3n"
    sales.add("Kessler")
    assert list(sales.read(**_by_password())) == ["Kessler"]
    probe = sales.connector(**_by_password()).probe()
    assert probe.identity == MIA
    (problem,) = probe.problems
    assert problem.message == "crm signs in with a password, through SOAP login: Salesforce ends it in Summer '27"
    assert "external client app" in problem.hint


def test_a_password_needs_no_security_token_inside_trusted_addresses_s1(sales: Sales) -> None:
    sales.org.passwords[MIA] = "s<cret&"
    assert sales.read(**_by_password(token=None)) == {}


def test_a_wrong_password_is_tried_once_and_never_shown_s1(sales: Sales) -> None:
    with pytest.raises(SourceAuthError, match="crm does not let us sign in: Invalid username, password") as caught:
        sales.read(**_by_password())
    assert "profile allows SOAP login" in caught.value.problems[0].hint
    assert not any(secret in everything_said(caught.value) for secret in ("s<cret&", "tok3n"))
    assert len(sales.server.requests) == 1, "users who try too often are locked"


def test_a_password_login_whose_session_ends_is_renewed_s1_s4(sales: Sales) -> None:
    sales.org.passwords[MIA] = "s<cret&tok3n"
    ids = {sales.add(f"Deal {number}") for number in range(8)}
    pages = sales.connector(**_by_password()).changed(None)
    seen = ids_of(next(pages).records)
    sales.server.expire_sessions()
    assert seen | ids_of(records_of(pages)) == ids


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (LOGIN_PAGE, SourceContentError, "web page"),
        (Response(b"<a>no end", content_type="text/xml"), SourceContentError, "without a token"),
        (Response(b"<r><sessionId>x</sessionId></r>", content_type="text/xml"), SourceContentError, "without a token"),
        (Response(b"down", 500, content_type="text/plain"), SourceUnavailableError, "crm answers 500"),
        (Response(b"down", 503, content_type="text/plain"), SourceUnavailableError, "crm answers 503"),
        (
            Response(
                b"<r><serverUrl>https://a.salesforce.com/x</serverUrl><sessionId>x</sessionId>"
                b"<passwordExpired>true</passwordExpired></r>",
                content_type="text/xml",
            ),
            SourceAuthError,
            "password of crm has expired",
        ),
    ],
)
def test_a_soap_answer_of_another_kind_is_an_error_s1(
    sales: Sales, answer: Response, kind: type[SourceError], words: str
) -> None:
    sales.server.add_fault(Fault("Soap", answer, times=None))
    with pytest.raises(kind, match=words):
        sales.read(**_by_password())


@pytest.mark.parametrize("version", ["65.0", "66.0"])
def test_a_password_is_refused_for_versions_without_soap_login_s1(sales: Sales, version: str) -> None:
    with pytest.raises(ValidationError, match="a password signs in to api_version"):
        sales.options(**_by_password(api_version=version))  # type: ignore[arg-type]
    assert sales.options(api_version=version).api_version == version


@pytest.mark.parametrize(
    "more",
    [
        {"password": None},
        {"username": None},
        {"client_id": "driftline"},
        {"refresh_token": Secret("env:SF_REFRESH", "5Aep")},
        {"private_key": Secret("file:key.pem", "key")},
    ],
)
def test_two_ways_to_sign_in_or_half_of_one_are_refused(sales: Sales, more: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="sign in with client_id and client_secret"):
        sales.options(**_by_password() | more)  # type: ignore[arg-type]
