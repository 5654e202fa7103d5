"""The only sender of mail: one digest to one message, and one message to one recipient per transaction (M3).

A message counts as sent only after the server's 2xx to its text. What the link breaks before that is told apart:
before the last byte it was certainly not accepted, after it nobody knows (M1).
"""

import base64
import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any, NoReturn
from urllib.parse import quote

from digest.audiences.recipients import is_mail_address
from digest.base import Digest
from digest.hostile import clean
from digest.mail_body import mail_body
from digest.options import MailOptions, OauthOptions, Security, SmtpOptions
from model.errors import DeliveryError

_LINE_END = re.compile(rb"\r\n|\r|\n")
_AUTH_HINT = "check smtp.username and the secret behind smtp.password; many providers ask for an app password"
_HINTS = (
    ("5.7.30", "this provider no longer takes passwords for SMTP: sign in with smtp.oauth, or use a relay"),
    ("5.7.57", "the server wants a sign-in before it takes mail: set smtp.username and smtp.password"),
    ("5.7.139", "the provider's policy refuses this sign-in: have the administrator allow SMTP AUTH for the account"),
    ("5.7.60", "the account may not send as this sender: grant it the right, or change mail.sender"),
    ("5.1.1", "the address does not exist there: correct it under the digest's recipients"),
    ("5.3.4", "the message is larger than the server takes"),
)
_HINTS_BY_CODE = {
    530: "the server wants encryption or a sign-in first: check smtp.security, smtp.username and smtp.password",
    534: _AUTH_HINT,
    535: _AUTH_HINT,
    550: "the server refuses this mail: check the recipient's address and whether the sender may use this server",
    554: "the server refuses this mail by policy: ask its administrator with the text above",
}


class _OneLineHeaders(EmailPolicy):
    """Plain headers stay on one line, as the standard allows up to 998 characters.

    The library folds at 78: it would begin a long subject on the second line and encode long ids and addresses.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        text = str(value)
        if text.isascii() and text.isprintable() and len(name) + len(text) < 900:
            return f"{name}: {text}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def build_message(
    digest: Digest, *, mail: MailOptions, recipient: str, audience: str, slot: str, now: datetime
) -> tuple[str, bytes]:
    """Build the whole mail; the same arguments give the same bytes and the same Message-ID (M2).

    Raise DeliveryError (permanent) when the recipient is no mail address.
    """
    _check(recipient)
    domain = mail.effective_domain
    message_id = f"<{_hash(audience, slot, recipient)}@{domain}>"
    message = EmailMessage(policy=_OneLineHeaders(linesep=SMTP.linesep, cte_type="7bit"))
    message["From"] = Address(clean(mail.sender_name).strip(), addr_spec=mail.sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = clean(digest.subject, 150)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Content-Language"] = digest.language
    # A root that never existed is enough to thread an audience's mails; dates in the subjects keep them apart (M11).
    message["References"] = f"<{_hash('thread', audience, recipient)}@{domain}>"
    _add_machine_headers(message, mail, audience)
    body = mail_body(digest)
    return message_id, message.as_bytes().removesuffix(b"\r\n") + body.headers + b"\r\n" + body.content


def _check(recipient: str) -> None:
    if not is_mail_address(recipient):
        raise DeliveryError(
            f"{clean(recipient, 80)} is no mail address",
            permanent=True,
            hint="correct it under the digest's recipients",
        )


def _add_machine_headers(message: EmailMessage, mail: MailOptions, audience: str) -> None:
    """Tell other machines that this one speaks, so that they do not answer, and people how to leave (M9, M10)."""
    leave = quote(f"unsubscribe {clean(audience, 40)}")
    message["List-Unsubscribe"] = f"<mailto:{quote(mail.unsubscribe or mail.sender, safe='@')}?subject={leave}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message["X-Auto-Response-Suppress"] = "All"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


class Sender:
    """Hands messages to the configured server. Holds no connection between messages; safe to keep."""

    def __init__(self, options: SmtpOptions, sender: str) -> None:
        self._options = options
        self._sender = sender
        self._shown_to_server: tuple[str, ...] = ()
        self._token = ""

    def send(self, recipient: str, message: bytes, accepted: Callable[[], None] = lambda: None) -> None:
        """Return when the server has accepted the message; raise DeliveryError otherwise.

        Nothing after the acceptance can fail it any more. ``accepted`` is called at once, before QUIT is said, so that
        the sending is recorded with as little as possible in between (M1); what it raises is passed on.
        """
        _check(recipient)
        with self._explained():
            connection = self._connect()
        try:
            with self._explained():
                self._protect(connection)
                self._sign_in(connection)
            self._transfer(connection, recipient, message)
        except BaseException:
            connection.close()
            raise
        try:
            accepted()
        finally:
            _leave(connection)

    def try_out(self) -> None:
        """Connect, encrypt and sign in as for a mail, and leave without one; raise DeliveryError where that fails."""
        with self._explained():
            connection = self._connect()
        try:
            with self._explained():
                self._protect(connection)
                self._sign_in(connection)
        except BaseException:
            connection.close()
            raise
        _leave(connection)

    def _connect(self) -> smtplib.SMTP:
        host, port = self._options.host, self._options.effective_port
        me = self._sender.rpartition("@")[2]
        timeout = self._options.timeout_seconds
        if self._options.security is Security.TLS:
            return smtplib.SMTP_SSL(host, port, me, timeout=timeout, context=self._context())
        return smtplib.SMTP(host, port, me, timeout=timeout)

    def _context(self) -> ssl.SSLContext:
        """Certificates and host names are always verified; ``ca_file`` adds trust, nothing takes it away."""
        try:
            return ssl.create_default_context(cafile=self._options.ca_file)
        except OSError as error:
            raise DeliveryError(
                f"the certificates in {self._options.ca_file} cannot be read: {_reason(error)}",
                permanent=True,
                hint="smtp.ca_file names a PEM file that this user can read",
            ) from error

    def _protect(self, connection: smtplib.SMTP) -> None:
        connection.ehlo_or_helo_if_needed()
        if self._options.security is not Security.STARTTLS:
            return
        if not connection.has_extn("starttls"):
            raise DeliveryError(
                f"{self._where} does not offer STARTTLS; nothing was sent to it",
                permanent=True,
                hint="use security: tls with port 465 if the server speaks TLS from the start; check the host name",
            )
        connection.starttls(context=self._context())
        connection.ehlo()

    def _sign_in(self, connection: smtplib.SMTP) -> None:
        if self._options.username is None:
            return
        if not isinstance(connection.sock, ssl.SSLSocket):
            raise DeliveryError(
                "the password was not sent, because the connection is not encrypted",
                permanent=True,
                hint="use security: starttls or tls",
            )
        if self._options.oauth is not None:
            self._sign_in_with_token(connection, self._options.oauth, self._options.username)
        elif self._options.password is not None:
            self._sign_in_with_password(connection, self._options.username, self._options.password.reveal())

    def _sign_in_with_token(self, connection: smtplib.SMTP, oauth: OauthOptions, username: str) -> None:
        """XOAUTH2 as Microsoft and Google define it; a refusal is asked out with an empty answer (M5)."""
        from digest.channels.oauth import access_token

        self._check_ascii(username)
        token = self._token or access_token(oauth, timeout=self._options.timeout_seconds)
        shown = f"user={username}\x01auth=Bearer {token}\x01\x01"
        self._shown_to_server = (base64.b64encode(shown.encode()).decode(), token)
        try:
            connection.auth("XOAUTH2", lambda challenge=None: shown if challenge is None else "")
        except smtplib.SMTPException:
            self._token = ""
            raise
        self._token = token

    def _sign_in_with_password(self, connection: smtplib.SMTP, username: str, password: str) -> None:
        self._check_ascii(username, password)
        plain = f"\0{username}\0{password}"
        forms = [base64.b64encode(form.encode()).decode() for form in (plain, password)]
        self._shown_to_server = tuple(filter(None, [*forms, password]))
        connection.login(username, password)

    @staticmethod
    def _check_ascii(*shown: str) -> None:
        """With other letters smtplib would fail with an error that shows the password."""
        if not all(map(str.isascii, shown)):
            raise DeliveryError(
                "the username or the password holds letters that SMTP sign-in cannot carry",
                permanent=True,
                hint="use a password of plain ASCII characters",
            )

    def _transfer(self, connection: smtplib.SMTP, recipient: str, message: bytes) -> None:
        payload = _dotted(message)
        with self._explained():
            self._expect(connection.mail(self._sender), f"the sender {self._sender}", 250)
            self._expect(connection.rcpt(recipient), f"the recipient {clean(recipient, 80)}", 250, 251)
            self._expect(connection.docmd("DATA"), "the message", 354)
            connection.send(payload)
        # From here on the server may have the whole message.
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._options.data_timeout_seconds)
            connection.send(b".\r\n")
            code, answer = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(
                f"the link to {self._where} broke before it said whether it took the message: {self._hidden(error)}",
                permanent=False,
                unknown=True,
                hint="it is sent again with the same Message-ID",
            ) from error
        if not 200 <= code < 600 or 300 <= code < 400:
            raise DeliveryError(
                f"{self._where} gave no answer to the message that can be understood: {code} {self._text(answer)}",
                permanent=False,
                unknown=True,
                hint="it is sent again with the same Message-ID",
            )
        self._expect((code, answer), "the message", *range(200, 300))

    @property
    def _where(self) -> str:
        return f"{self._options.host}:{self._options.effective_port}"

    def _expect(self, reply: tuple[int, bytes], what: str, *wanted: int) -> None:
        if reply[0] not in wanted:
            self._refused(reply[0], reply[1], what)

    def _refused(self, code: int, answer: bytes | str, what: str) -> NoReturn:
        text = self._text(answer)
        raise DeliveryError(
            f"{self._where} refused {what}: {code} {text}".rstrip(), permanent=500 <= code < 600, hint=_hint(code, text)
        ) from None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what smtplib, ssl and the network raise before the message was handed over into a DeliveryError."""
        try:
            yield
        except DeliveryError:
            raise
        except smtplib.SMTPAuthenticationError as error:
            self._refused(error.smtp_code, error.smtp_error, "the sign-in")
        except smtplib.SMTPResponseException as error:
            self._refused(error.smtp_code, error.smtp_error, "the connection")
        except smtplib.SMTPServerDisconnected as error:
            raise self._transient("closed the connection", error) from error
        except smtplib.SMTPException as error:
            raise DeliveryError(
                f"{self._where} offers no way to sign in that is understood here: {self._hidden(error)}",
                permanent=True,
                hint=_AUTH_HINT,
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(
                f"the certificate of {self._where} is not trusted: {error.verify_message}",
                permanent=True,
                hint="name the company's certificates in smtp.ca_file, or correct smtp.host to the name they are for",
            ) from error
        except ssl.SSLError as error:
            hint = "tls is usual on port 465 and starttls on 587: check smtp.security and smtp.port"
            raise self._transient("did not agree on encryption", error, hint) from error
        except OSError as error:
            raise self._transient("cannot be reached", error) from error

    def _transient(self, what: str, error: Exception, hint: str = "") -> DeliveryError:
        return DeliveryError(
            f"{self._where} {what}: {self._hidden(error)}",
            permanent=False,
            hint=hint or "check smtp.host and smtp.port, and that the server can be reached from here",
        )

    def _hidden(self, error: Exception) -> str:
        return self._text(_reason(error))

    def _text(self, answer: bytes | str) -> str:
        """One short line of what the server said, without the password in any form it was sent in (X1)."""
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        for secret in self._shown_to_server:
            text = text.replace(secret, "(hidden)")
        return clean(text, 200)


def _leave(connection: smtplib.SMTP) -> None:
    """Say QUIT and go. The message is accepted; no failure here may make it look otherwise."""
    try:
        connection.putcmd("QUIT")
    except (OSError, smtplib.SMTPException):
        return
    finally:
        connection.close()


def _dotted(message: bytes) -> bytes:
    """Bare line ends become CRLF and leading dots are doubled, so that no text can end the message early."""
    lines = _LINE_END.split(message.removesuffix(b"\n").removesuffix(b"\r"))
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _hint(code: int, text: str) -> str:
    for status, hint in _HINTS:
        if re.search(rf"(?<![\d.]){re.escape(status)}(?![\d.])", text):
            return hint
    if code in _HINTS_BY_CODE:
        return _HINTS_BY_CODE[code]
    return "the server's administrator can tell why" if 500 <= code < 600 else "it is tried again later"
