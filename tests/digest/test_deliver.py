"""The sender against mail servers that are kind, refuse, lie about encryption, or hang up at the worst moment."""

import smtplib
from pathlib import Path

import pytest

from digest.deliver import Sender
from digest.options import SmtpOptions
from model.errors import DeliveryError
from model.secret import Secret
from tests.digest.smtp_servers import PASSWORD, USER, Line, Mailbox, running, scripted, self_signed
from tests.ports import free_port

SENDER, RECIPIENT = "driftline@acme.example", "coo@acme.example"
MESSAGE = b"Subject: 2 decisions\r\nMessage-ID: <1@acme.example>\r\n\r\nFirst line\r\n.leading dot\r\nlast line\r\n"


def options(port: int, **changes: object) -> SmtpOptions:
    given: dict[str, object] = {"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 5}
    return SmtpOptions.model_validate(given | changes)


def secret(value: str = PASSWORD) -> Secret:
    return Secret("env:SMTP_PASSWORD", value)


def send(port: int, recipient: str = RECIPIENT, **changes: object) -> None:
    Sender(options(port, **changes), SENDER).send(recipient, MESSAGE)


def failure(port: int, recipient: str = RECIPIENT, **changes: object) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(port, recipient, **changes)
    return caught.value


def test_a_message_arrives_as_it_was_written_for_one_recipient():
    mailbox = Mailbox()
    with running(mailbox) as port:
        send(port)
    assert mailbox.received == [(SENDER, [RECIPIENT], MESSAGE)]


def test_each_message_is_a_transaction_of_its_own_so_one_refusal_stops_nobody_else():
    """M3, reliability M2."""
    mailbox = Mailbox()
    with running(mailbox) as port:
        sender = Sender(options(port), SENDER)
        sender.send("a@acme.example", MESSAGE)
        mailbox.refuse["RCPT"] = "550 5.1.1 unknown"
        with pytest.raises(DeliveryError):
            sender.send("b@acme.example", MESSAGE)
        mailbox.refuse.clear()
        sender.send("c@acme.example", MESSAGE)
    assert [recipients for _, recipients, _ in mailbox.received] == [["a@acme.example"], ["c@acme.example"]]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "permanent"), [("451 4.7.1 come back later", False), ("550 5.7.1 not here", True)])
def test_a_refusal_is_transient_for_4xx_and_permanent_for_5xx(command: str, answer: str, *, permanent: bool):
    """Reliability M1 and M2."""
    mailbox = Mailbox(refuse={command: answer})
    with running(mailbox) as port:
        error = failure(port)
    assert (error.permanent, error.unknown) == (permanent, False)
    assert answer in error.summary
    assert f"127.0.0.1:{port} refused" in error.summary
    assert mailbox.received == []


def test_a_refusal_of_the_data_command_is_no_acceptance():
    def script(line: Line) -> None:
        line.greet()
        for answer in ("250 OK", "250 OK", "452 4.3.1 disk full"):
            line.hear()
            line.say(answer)
        line.hear()

    with scripted(script) as (port, heard):
        error = failure(port)
        assert (error.permanent, error.unknown) == (False, False)
        assert not any(b"Subject" in line for line in heard())


def test_a_link_that_breaks_after_the_text_leaves_the_fate_unknown():
    """M1, reliability M3."""
    with scripted(Line.take_message) as (port, heard):
        error = failure(port)
        assert heard()[-1] == b".\r\n"
    assert (error.permanent, error.unknown) == (False, True)
    assert "broke before it said" in error.summary


def test_a_server_that_never_answers_the_text_leaves_the_fate_unknown():
    """M1: the time-out for this answer is its own."""

    def script(line: Line) -> None:
        line.take_message()
        line.hear()

    with scripted(script) as (port, _):
        error = failure(port, data_timeout_seconds=0.2)
    assert (error.permanent, error.unknown) == (False, True)


@pytest.mark.parametrize("answer", ["hello there", "354 go on", "999 odd", "250" + "x" * 10_000])
def test_an_answer_to_the_text_that_makes_no_sense_leaves_the_fate_unknown(answer: str):
    def script(line: Line) -> None:
        line.take_message()
        line.say(answer)
        line.hear()

    with scripted(script) as (port, _):
        error = failure(port)
    assert (error.permanent, error.unknown) == (False, True)


def test_a_link_that_breaks_before_the_text_is_certainly_not_sent():
    def script(line: Line) -> None:
        line.greet()
        line.hear()
        line.say("250 OK")
        line.hear()

    with scripted(script) as (port, _):
        error = failure(port)
    assert (error.permanent, error.unknown) == (False, False)


def test_what_happens_after_the_acceptance_fails_nothing():
    """The caller records the sending before the server has answered QUIT, even when it never does."""

    def script(line: Line) -> None:
        line.take_message()
        line.say("250 stored")

    with scripted(script) as (port, heard):
        send(port)
    assert any(said.upper().startswith(b"DATA") for said in heard())


def test_the_end_of_the_connection_is_announced():
    def script(line: Line) -> None:
        line.take_message()
        line.say("250 stored")
        line.hear()

    with scripted(script) as (port, heard):
        send(port)
        assert heard()[-1] == b"QUIT\r\n"


def test_bare_line_ends_and_dots_cannot_end_a_message_early():
    mailbox = Mailbox()
    with running(mailbox) as port:
        Sender(options(port), SENDER).send(RECIPIENT, b"Subject: x\r\n\r\none\n.\ntwo\r.\r\nthree")
    assert [content for _, _, content in mailbox.received] == [b"Subject: x\r\n\r\none\r\n.\r\ntwo\r\n.\r\nthree\r\n"]


def test_a_server_that_is_not_there_is_a_transient_failure_that_names_it():
    port = free_port()
    error = failure(port)
    assert (error.permanent, error.unknown) == (False, False)
    assert error.summary == f"127.0.0.1:{port} cannot be reached: Connection refused"
    assert "smtp.host" in error.problems[0].hint


def test_a_server_that_says_nothing_is_given_up():
    def script(line: Line) -> None:
        line.hear()

    with scripted(script) as (port, _):
        error = failure(port, timeout_seconds=0.2)
    assert (error.permanent, error.unknown) == (False, False)


@pytest.mark.parametrize(("greeting", "permanent"), [("421 too busy", False), ("554 no service", True)])
def test_an_unfriendly_greeting_is_reported(greeting: str, *, permanent: bool):
    with scripted(lambda line: line.say(greeting)) as (port, _):
        error = failure(port)
    assert error.permanent is permanent
    assert greeting in error.summary


@pytest.mark.parametrize("recipient", ["a@b\r\nRCPT TO:<x@y>", "no address", "", "a@b> SIZE=1", "ä@acme.example"])
def test_a_recipient_that_is_no_address_is_refused_before_anything_is_sent(recipient: str):
    """M5."""
    error = failure(free_port(), recipient)
    assert error.permanent is True
    assert "is no mail address" in error.summary


class TestEncryption:
    """M4, reliability M7 and X2: no password and no mail over a link that was not verified."""

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, tmp_path: Path):
        mailbox = Mailbox()
        _, context = self_signed(tmp_path)
        with running(mailbox, ssl_context=context) as port:
            error = failure(port, security="tls", username=USER, password=secret())
        assert error.permanent is True
        assert "is not trusted: self-signed certificate" in error.summary
        assert "smtp.ca_file" in error.problems[0].hint
        assert (mailbox.received, mailbox.sign_ins) == ([], [])

    def test_a_certificate_in_ca_file_is_accepted(self, tmp_path: Path):
        mailbox = Mailbox()
        certificate, context = self_signed(tmp_path)
        with running(mailbox, ssl_context=context) as port:
            send(port, security="tls", ca_file=str(certificate))
        assert len(mailbox.received) == 1

    def test_a_certificate_for_another_host_is_refused(self, tmp_path: Path):
        mailbox = Mailbox()
        certificate, context = self_signed(tmp_path, "mail.other.example", address=None)
        with running(mailbox, ssl_context=context) as port:
            error = failure(port, security="tls", ca_file=str(certificate))
        assert error.permanent is True
        assert "is not trusted" in error.summary
        assert mailbox.received == []

    def test_starttls_protects_the_sign_in_and_the_message(self, tmp_path: Path):
        mailbox = Mailbox()
        certificate, context = self_signed(tmp_path)
        settings = {"tls_context": context, "require_starttls": True, "authenticator": mailbox.authenticate}
        with running(mailbox, **settings, auth_required=True) as port:
            send(port, security="starttls", ca_file=str(certificate), username=USER, password=secret())
        assert mailbox.sign_ins == [(USER.encode(), PASSWORD.encode())]
        assert len(mailbox.received) == 1

    def test_starttls_with_an_untrusted_certificate_sends_no_password(self, tmp_path: Path):
        mailbox = Mailbox()
        _, context = self_signed(tmp_path)
        with running(mailbox, tls_context=context, authenticator=mailbox.authenticate) as port:
            error = failure(port, security="starttls", username=USER, password=secret())
        assert error.permanent is True
        assert (mailbox.received, mailbox.sign_ins) == ([], [])

    def test_a_server_without_starttls_gets_neither_password_nor_mail(self):
        def script(line: Line) -> None:
            line.say("220 mail.acme.example")
            line.hear()
            line.say("250-mail.acme.example\r\n250 AUTH PLAIN LOGIN")
            line.hear()

        with scripted(script) as (port, heard):
            error = failure(port, security="starttls", username=USER, password=secret())
            assert all(line.startswith(b"ehlo") or line == b"" for line in heard())
        assert error.permanent is True
        assert "does not offer STARTTLS" in error.summary

    def test_starttls_that_is_refused_for_now_is_tried_again_later(self):
        def script(line: Line) -> None:
            line.say("220 mail.acme.example")
            line.hear()
            line.say("250-mail.acme.example\r\n250 STARTTLS")
            line.hear()
            line.say("454 4.7.0 TLS not available")
            line.hear()

        with scripted(script) as (port, heard):
            error = failure(port, security="starttls", username=USER, password=secret())
            assert not any(b"AUTH" in line for line in heard())
        assert error.permanent is False

    def test_a_server_that_does_not_speak_tls_gets_a_hint_about_the_port(self):
        with running(Mailbox()) as port:
            error = failure(port, security="tls")
        assert error.permanent is False
        assert "did not agree on encryption" in error.summary
        assert "587" in error.problems[0].hint

    def test_a_password_is_never_sent_over_a_plain_link_whatever_the_options_say(self):
        plain = options(1, security="none").model_copy(update={"username": USER, "password": secret()})
        mailbox = Mailbox()
        settings = {"authenticator": mailbox.authenticate, "auth_require_tls": False}
        with running(mailbox, **settings) as port, pytest.raises(DeliveryError, match="not encrypted") as caught:
            Sender(plain.model_copy(update={"port": port}), SENDER).send(RECIPIENT, MESSAGE)
        assert caught.value.permanent is True
        assert (mailbox.received, mailbox.sign_ins) == ([], [])

    def test_a_ca_file_that_cannot_be_read_says_so(self, tmp_path: Path):
        with running(Mailbox()) as port:
            error = failure(port, security="tls", ca_file=str(tmp_path / "missing.pem"))
        assert error.permanent is True
        assert "missing.pem cannot be read: No such file or directory" in error.summary


class TestSignIn:
    """Refusals of the account come with one thing to do, and never with the password (M5, X1)."""

    def refused(self, tmp_path: Path, answer: str, password: str = "wrong-secret") -> DeliveryError:
        mailbox = Mailbox(auth_refusal=answer)
        certificate, context = self_signed(tmp_path)
        settings = {"ssl_context": context, "authenticator": mailbox.authenticate, "auth_require_tls": False}
        with running(mailbox, **settings) as port:
            error = failure(port, security="tls", ca_file=str(certificate), username=USER, password=secret(password))
        assert mailbox.received == []
        return error

    @pytest.mark.parametrize(
        ("answer", "permanent", "hint"),
        [
            ("535 5.7.8 bad credentials", True, "app password"),
            ("535 5.7.139 SmtpClientAuthentication is disabled", True, "allow SMTP AUTH"),
            ("550 5.7.30 Basic authentication is not supported", True, "no longer takes passwords"),
            ("454 4.7.0 try again", False, "tried again later"),
        ],
    )
    def test_the_hint_fits_the_refusal(self, tmp_path: Path, answer: str, hint: str, *, permanent: bool):
        error = self.refused(tmp_path, answer)
        assert error.permanent is permanent
        assert answer in error.summary
        assert hint in error.problems[0].hint

    def test_a_server_that_repeats_the_password_does_not_get_it_into_the_error(self, tmp_path: Path):
        error = self.refused(tmp_path, "535 5.7.8 wrong: wrong-secret")
        assert error.summary.endswith("535 5.7.8 wrong: (hidden)")
        assert "wrong-secret" not in f"{error!r} {error.__cause__!r}"
        assert error.__suppress_context__ is True

    def test_a_password_that_smtp_cannot_carry_is_not_shown(self, tmp_path: Path):
        error = self.refused(tmp_path, "535 no", password="größe-geheim")
        assert error.permanent is True
        assert "geheim" not in f"{error} {error.__cause__!r} {error.__context__!r}"

    def test_a_server_without_sign_in_says_so(self, tmp_path: Path):
        certificate, context = self_signed(tmp_path)
        with running(Mailbox(), ssl_context=context) as port:
            error = failure(port, security="tls", ca_file=str(certificate), username=USER, password=secret())
        assert error.permanent is True
        assert "no way to sign in" in error.summary


def test_a_mail_is_noted_as_accepted_before_the_server_is_left(monkeypatch: pytest.MonkeyPatch):
    """M1: whatever lies in between makes the window longer in which a kill doubles the mail."""
    happened: list[str] = []
    real = smtplib.SMTP.putcmd

    def noted(self: smtplib.SMTP, cmd: str, args: str = "") -> None:
        happened.append(cmd)
        real(self, cmd, args)

    monkeypatch.setattr(smtplib.SMTP, "putcmd", noted)
    with running(Mailbox()) as port:
        Sender(options(port), SENDER).send(RECIPIENT, MESSAGE, lambda: happened.append("noted"))
    assert happened[-2:] == ["noted", "QUIT"]
