"""Signing in at the mail server with an access token (M5), against a real SMTP server and a real token endpoint."""

import base64
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from digest.deliver import Sender
from digest.options import OauthOptions, SmtpOptions
from model.errors import DeliveryError
from model.secret import Secret
from sandbox.http import Request, Response, StandIn
from tests.digest.smtp_servers import USER, Mailbox, running, self_signed

TOKEN, CLIENT_SECRET = "ya29.an-access-token", "a-client-secret"
MESSAGE = b"Subject: hello\r\n\r\nwords\r\n"


class Provider(StandIn):
    """Gives access tokens; ``refusal`` is what it answers instead."""

    def __init__(self, refusal: Response | None = None) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.refusal = refusal
        self.route("POST", "/token", self._token)

    def _token(self, request: Request) -> Response:
        self.forms.append(request.form())
        return self.refusal or Response({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})


class TokenMailbox(Mailbox):
    """Takes XOAUTH2 as Microsoft and Google do: a refusal is a challenge first, and 535 after the empty answer."""

    token = TOKEN

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        said = base64.b64decode(args[1])
        self.sign_ins.append((said, b""))
        if said == f"user={USER}\x01auth=Bearer {self.token}\x01\x01".encode():
            return AuthResult(success=True)
        await server.challenge_auth(b'{"status":"401","schemes":"bearer"}', encode_to_b64=True)
        return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")


def sender(port: int, provider: Provider, certificate: Path, **oauth: object) -> Sender:
    given = {"client_secret": Secret("env:S", CLIENT_SECRET), "scope": "https://outlook.office365.com/.default"} | oauth
    options = SmtpOptions(
        host="127.0.0.1",
        port=port,
        username=USER,
        ca_file=str(certificate),
        timeout_seconds=5,
        oauth=OauthOptions.model_validate({"token_url": f"{provider.url}/token", "client_id": "app-1", **given}),
    )
    return Sender(options, USER)


def test_the_application_signs_in_for_itself_and_asks_for_one_token(tmp_path: Path):
    """Microsoft 365: client credentials."""
    mailbox = TokenMailbox()
    certificate, context = self_signed(tmp_path)
    with Provider() as provider, running(mailbox, tls_context=context, auth_required=True) as port:
        way = sender(port, provider, certificate)
        way.send("coo@acme.example", MESSAGE)
        way.send("cfo@acme.example", MESSAGE)
    assert [rcpt for _, rcpt, _ in mailbox.received] == [["coo@acme.example"], ["cfo@acme.example"]]
    assert provider.forms == [
        {
            "client_id": "app-1",
            "grant_type": "client_credentials",
            "client_secret": CLIENT_SECRET,
            "scope": "https://outlook.office365.com/.default",
        }
    ]


def test_a_refresh_token_signs_in_as_the_mailbox(tmp_path: Path):
    """Gmail: a refresh token of the mailbox."""
    mailbox = TokenMailbox()
    certificate, context = self_signed(tmp_path)
    with Provider() as provider, running(mailbox, tls_context=context, auth_required=True) as port:
        sender(port, provider, certificate, refresh_token=Secret("env:R", "1//refresh"), scope="").send(
            "a@b.example", MESSAGE
        )
    assert len(mailbox.received) == 1
    assert provider.forms[0]["grant_type"] == "refresh_token"
    assert provider.forms[0]["refresh_token"] == "1//refresh"


def test_a_mail_server_that_refuses_the_token_is_told_without_showing_it(tmp_path: Path):
    mailbox = TokenMailbox()
    mailbox.token = "another"
    certificate, context = self_signed(tmp_path)
    with (
        Provider() as provider,
        running(mailbox, tls_context=context, auth_required=True) as port,
        pytest.raises(DeliveryError) as caught,
    ):
        sender(port, provider, certificate).send("coo@acme.example", MESSAGE)
    assert caught.value.permanent is True
    assert "535" in caught.value.summary
    assert mailbox.received == []
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "permanent", "hint"),
    [
        (Response({"error": "invalid_client"}, 401), True, "make a new one"),
        (Response({"error": "invalid_grant"}, 400), True, "sign in anew"),
        (Response({"error": "temporarily_unavailable"}, 503), False, "provider's documentation"),
        (Response(b"<html>sign in</html>", content_type="text/html"), False, "reached"),
        (Response({"access_token": "line\nbreak"}), False, "documentation"),
        (Response(None, 302, {"Location": "https://evil.example"}), False, "documentation"),
    ],
)
def test_a_provider_that_gives_no_token_is_told_with_what_to_do(
    tmp_path: Path, answer: Response, hint: str, *, permanent: bool
):
    mailbox = TokenMailbox()
    certificate, context = self_signed(tmp_path)
    with (
        Provider(answer) as provider,
        running(mailbox, tls_context=context, auth_required=True) as port,
        pytest.raises(DeliveryError) as caught,
    ):
        sender(port, provider, certificate).send("coo@acme.example", MESSAGE)
    assert caught.value.permanent is permanent
    assert hint in caught.value.problems[0].hint
    assert CLIENT_SECRET not in str(caught.value)
    assert mailbox.received == []


@pytest.mark.parametrize(
    "given",
    [
        {"token_url": "http://login.example/token", "client_secret": "env:S"},
        {"token_url": "login.example/token", "client_secret": "env:S"},
        {"token_url": "https://user:pw@login.example/token", "client_secret": "env:S"},
    ],
)
def test_a_token_is_asked_for_only_over_tls(given: dict[str, str]):
    with pytest.raises(ValueError, match="https://"):
        OauthOptions.model_validate({"client_id": "app-1", **given})
