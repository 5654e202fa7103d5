"""What can be set about mails: the server that takes them, who they come from, and one digest per audience."""

import ipaddress
import re
from collections.abc import Callable
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from model.findings import Severity
from model.options import Duration, Options
from model.secret import Secret

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,198}[A-Za-z0-9])?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def is_mail_address(value: str) -> bool:
    """Tell whether a text is one plain mail address that can stand in a header and in an SMTP command."""
    return len(value) <= 254 and _ADDRESS.fullmatch(value) is not None


def _check_address(value: str) -> str:
    if not is_mail_address(value):
        raise ValueError("a mail address looks like name@example.com")
    return value


def _check_domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError("a domain looks like example.com")
    return value


def _parse_clock(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 17:30 as the number 1050.
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('a time of day is written in quotes with hours and minutes: "07:00"')
    return value


def _parse_severity(value: Any) -> Any:
    if isinstance(value, Severity):
        return value
    names = [severity.label for severity in Severity]
    if not isinstance(value, str) or value.lower() not in names:
        raise ValueError(f"a severity is one of {', '.join(names)}")
    return Severity[value.upper()]


def _label_of(severity: Severity) -> str:
    return severity.label


MailAddress = Annotated[str, AfterValidator(_check_address), WithJsonSchema({"type": "string", "format": "email"})]
"""One plain mail address, without a display name."""

DomainName = Annotated[str, AfterValidator(_check_domain)]
"""A domain such as example.com."""

SeverityName = Annotated[
    Severity,
    BeforeValidator(_parse_severity),
    PlainSerializer(_label_of),
    WithJsonSchema({"type": "string", "enum": [severity.label for severity in Severity]}),
]
"""A severity, written by its name."""

ClockTime = Annotated[
    str, BeforeValidator(_parse_clock), WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
]
"""A local time of day as people write it: ``07:00``."""


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Weekday(StrEnum):
    """The days of the week by name; a number would mean different days to different people."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class SubjectStyle(StrEnum):
    """How much a subject line says where others may read it, such as a locked phone."""

    AMOUNTS = "amounts"
    DISCREET = "discreet"


class SmtpOptions(Options):
    """The mail server that takes our messages."""

    host: Annotated[str, Field(min_length=1, max_length=253, examples=["smtp.example.com"])]
    """The name of the mail server."""
    port: Annotated[int | None, Field(ge=1, le=65535)] = None
    """Its port; when left out 587 for starttls, 465 for tls and 25 for none."""
    security: Security = Security.STARTTLS
    """starttls, tls (encrypted from the first byte) or none; none is allowed on this machine only."""
    username: Annotated[str | None, Field(examples=["driftline@example.com"])] = None
    """The account that signs in; leave it out for a server that needs none."""
    password: Annotated[Secret | None, Field(examples=["env:SMTP_PASSWORD"])] = None
    """Its password, as a reference: env:NAME, file:PATH or command:PROGRAM."""
    ca_file: Annotated[str | None, Field(examples=["/etc/ssl/company-ca.pem"])] = None
    """A file with certificates to trust, for a server with a company's own certificate."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    """How long to wait for the connection and for each answer."""
    data_timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    """How long to wait for the answer to a message that was handed over; the standard asks for ten minutes."""

    @field_validator("host", "username")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or not value.isprintable()):
            raise ValueError("must be one line of visible text")
        return value

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together: give both or neither")
        if self.security is Security.NONE and not is_loopback(self.host):
            raise ValueError(
                f"security: none would send mails to {self.host} readable for everyone on the way; use starttls or tls"
            )
        if self.security is Security.NONE and self.username is not None:
            raise ValueError("a password is not sent without encryption; use starttls or tls, or leave username out")
        return self

    @property
    def effective_port(self) -> int:
        """The port that is used: the given one, or the usual one for the security."""
        return self.port or _USUAL_PORTS[self.security.value]


class MailOptions(Options):
    """Who the mails come from and which server takes them."""

    sender: Annotated[MailAddress, Field(examples=["driftline@example.com"])]
    """The address in From, and the one that refused mails go back to."""
    sender_name: Annotated[str, Field(max_length=60)] = "Driftline"
    """The name beside the sender's address."""
    message_id_domain: Annotated[DomainName | None, Field(examples=["example.com"])] = None
    """The domain in Message-ID; when left out the domain of the sender. It must stay the same on every machine."""
    unsubscribe: Annotated[MailAddress | None, Field(examples=["it-service@example.com"])] = None
    """Who takes requests to leave a digest; when left out the sender."""
    admin: Annotated[MailAddress | None, Field(examples=["driftline-admin@example.com"])] = None
    """Who is told, once for each mistake, when the daemon does not take an edited configuration."""
    smtp: SmtpOptions
    """The mail server."""

    @property
    def effective_domain(self) -> str:
        """The domain for Message-IDs; never the name of a machine or container (M2)."""
        return self.message_id_domain or self.sender.rpartition("@")[2]


class DigestOptions(Options):
    """One digest: who gets it, when, and what is in it."""

    recipients: Annotated[tuple[MailAddress, ...], Field(min_length=1, examples=[["coo@example.com"]])]
    """The mail addresses that get it, one message each."""
    at: ClockTime = "07:00"
    """The local time of day in the business zone."""
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (
        Weekday.MON,
        Weekday.TUE,
        Weekday.WED,
        Weekday.THU,
        Weekday.FRI,
    )
    """The days of the week on which it may go out."""
    objectives: Annotated[tuple[str, ...], Field(examples=[["PG-1"]])] = ()
    """Ids of objectives; the digest tells what concerns them and everything below them. Empty: everything."""
    minimum_severity: SeverityName = Severity.NOTICE
    """The least severity that is told: notice, minor, major or critical."""
    subject: SubjectStyle = SubjectStyle.AMOUNTS
    """amounts: the subject line names the money; discreet: it leaves the money to the mail."""
    max_decisions: Annotated[int, Field(ge=1, le=5)] = 3
    """How many decisions are laid out; the rest are counted."""
    stale_after: Duration = timedelta(hours=26)
    """A source whose last complete reading is older than this is named as stale."""
    upkeep: bool = False
    """Tell also what is wrong with the data itself, such as a status of unknown meaning; for those who look after it.
    Other digests only count it."""
    heartbeat: bool = False
    """Send one line when there is no news, so that silence is not mistaken for a failure."""

    @field_validator("days", mode="before")
    @classmethod
    def _days_by_name(cls, value: Any) -> Any:
        names = [day.value for day in Weekday]
        for day in value if isinstance(value, list | tuple) else [value]:
            if day not in names:
                raise ValueError(f"days are written by name: {', '.join(names)}")
        return value

    @field_validator("recipients", "days", "objectives")
    @classmethod
    def _no_doubles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        fold: Callable[[str], str] = str.casefold
        doubled = sorted({entry for entry in value if sum(fold(entry) == fold(other) for other in value) > 1})
        if doubled:
            raise ValueError(f"listed twice: {', '.join(doubled)}")
        return value

    @property
    def local_time(self) -> time:
        return time.fromisoformat(self.at)


def is_loopback(host: str) -> bool:
    """Tell whether a host name certainly means this machine."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
