"""What can be set about mails: the server that takes them, who they come from, and one digest per audience."""

import re
from collections.abc import Callable, Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from digest.audiences.recipients import LanguageCode, MailAddress, NumbersOf, Recipient, words_of
from digest.audiences.roles import MoneyFloor, Role, with_preset
from digest.catalogues import SOURCE
from digest.language import Language
from model.findings import Account, Severity
from model.loopback import is_loopback
from model.options import Duration, Options
from model.secret import Secret
from model.week import ClockTime as ClockTime
from model.week import Weekday as Weekday

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,198}[A-Za-z0-9])?")
_USUAL_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _check_domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError("a domain looks like example.com")
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


DomainName = Annotated[str, AfterValidator(_check_domain)]
"""A domain such as example.com."""

SeverityName = Annotated[
    Severity,
    BeforeValidator(_parse_severity),
    PlainSerializer(_label_of),
    WithJsonSchema({"type": "string", "enum": [severity.label for severity in Severity]}),
]
"""A severity, written by its name."""


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SubjectStyle(StrEnum):
    """How much a subject line says where others may read it, such as a locked phone."""

    AMOUNTS = "amounts"
    DISCREET = "discreet"


class OauthOptions(Options):
    """Signing in at the mail server with an access token (XOAUTH2) instead of a password (M5)."""

    token_url: Annotated[
        str, Field(examples=["https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"], max_length=500)
    ]
    """Where access tokens are asked for."""
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    """The id of the application as it is registered at the provider."""
    client_secret: Annotated[Secret, Field(examples=["env:SMTP_CLIENT_SECRET"])]
    """The application's secret, as a reference."""
    refresh_token: Annotated[Secret | None, Field(examples=["file:/run/secrets/gmail"])] = None
    """A refresh token of the mailbox, as a reference (Gmail); without one the application signs in for itself
    (Microsoft 365)."""
    scope: Annotated[str, Field(max_length=500, examples=["https://outlook.office365.com/.default"])] = ""
    """What the token is asked for."""

    @field_validator("token_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        host = parts.hostname or ""
        if not host or "@" in parts.netloc or not (parts.scheme == "https" or is_loopback(host)):
            raise ValueError("token_url is a whole address that begins with https://")
        return value


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
    oauth: OauthOptions | None = None
    """Sign in with an access token; then username is the mailbox, and the password is not used."""
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
        if self.oauth is not None and self.username is None:
            raise ValueError("oauth needs a username: the mailbox that sends")
        if self.oauth is None and (self.username is None) != (self.password is None):
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


class OnAmbiguous(StrEnum):
    """What becomes of a message that a server may have accepted (M3)."""

    RESEND = "resend"
    HOLD = "hold"


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
    """Who is told, once for each mistake, when the daemon does not take an edited configuration, and when a mail is
    refused for good."""
    on_ambiguous: OnAmbiguous = OnAmbiguous.RESEND
    """What becomes of a message whose fate is unknown, because the link broke after it was handed over. resend: it is
    sent again with the same Message-ID; hold: it waits until somebody runs ``driftline digest resend``."""
    smtp: SmtpOptions
    """The mail server."""

    @property
    def effective_domain(self) -> str:
        """The domain for Message-IDs; never the name of a machine or container (M2)."""
        return self.message_id_domain or self.sender.rpartition("@")[2]


class AtOnceOptions(Options):
    """When a notice goes out within the run that finds something, without waiting for the digest.

    It tells what is grave enough and, where they are set, either has this much money or must be decided this soon.
    """

    minimum_money: MoneyFloor = Field(default_factory=dict, examples=[500_000])
    """The least money that one cause puts at risk: one amount of the business currency, or one per account; an account
    that is left out is not told for its money."""
    decide_within_days: Annotated[int | None, Field(ge=0, le=90, examples=[2])] = None
    """What must be decided within so many days is told at once, whatever its money; working days where the digest has a
    calendar. It is told when it is found, and when its last day comes so near although nothing else changed: once for
    each last day, unless the digest told it by then."""
    minimum_severity: SeverityName = Severity.MAJOR
    """The least severity that is told at once: notice, minor, major or critical."""
    at_most_per_day: Annotated[int, Field(ge=1, le=24)] = 3
    """How many notices go out on one day; what comes after them waits for the digest."""


class TriageOptions(Options):
    """The slot in which a slip beyond the trigger is talked about, instead of a status meeting."""

    weekday: Annotated[Weekday, Field(examples=["tue"])]
    """The day of the week of the regular meeting: mon, tue, wed, thu, fri, sat or sun."""
    at: ClockTime = "09:00"
    """The local time of day in the business zone."""
    minutes: Annotated[int, Field(ge=15, le=120)] = 25
    """How long it takes; the points of the agenda share it."""
    within_working_days: Annotated[int, Field(ge=1, le=20)] = 5
    """How long a triage may wait for the regular day; where that comes later, it is held on the last of these."""

    @property
    def local_time(self) -> time:
        return time.fromisoformat(self.at)


class DigestOptions(Options):
    """One digest: who gets it, when, and what is in it."""

    recipients: Annotated[
        tuple[Recipient, ...], Field(examples=[["coo@example.com"]], json_schema_extra={"minItems": 1})
    ] = ()
    """Who gets it, one message each: mail addresses, or addresses with ``language`` and ``numbers`` of their own. It
    may be left out where it goes out on ``channels`` only."""
    language: LanguageCode = SOURCE
    """The language of the mail where a recipient has none of their own: en, de or one that you added."""
    numbers: Annotated[NumbersOf | None, Field(examples=["de_CH"])] = None
    """Whose way of writing figures is used, such as de_CH or en_GB; when left out that of the language."""
    channels: Annotated[tuple[str, ...], Field(examples=[["leaders-chat"]])] = ()
    """Names from ``channels`` of the settings, on which it goes out too."""
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
    """Ids of objectives; the digest tells what concerns them and everything below them. Empty: everything.
    No name, number or count of anything else gets into the mail."""
    role: Role | None = None
    """cfo, coo, sales, controller or owner: fills in the filters below that are left out. cfo: savings, cost and
    revenue in this order, from minor on, priced only. coo: revenue, savings and cost, from minor on. sales: revenue
    only, from minor on, priced only. controller: savings, cost and revenue, with upkeep. owner: everything, with
    upkeep."""
    sources: Annotated[tuple[str, ...], Field(examples=[["salesforce"]])] = ()
    """Names of sources; only findings that rest on one of them are told. Empty: all."""
    checks: Annotated[tuple[str, ...], Field(examples=[["late-commitment"]])] = ()
    """Names of checks; only what they find is told. Empty: all."""
    decider: Annotated[tuple[str, ...], Field(examples=[["Priya Nair"]])] = ()
    """Persons by name or address; only what one of them decides is told. Empty: all."""
    accounts: Annotated[tuple[Account, ...], Field(examples=[["savings", "cost"]])] = ()
    """revenue, savings, cost: only the money of these is told, the first of them first. Empty: all three."""
    minimum_money: MoneyFloor = Field(default_factory=dict, examples=[{"revenue": 250_000, "savings": 50_000}])
    """The least money that a cause puts at risk to be told: one amount of the business currency, or one per account; an
    account that is left out is told with any money."""
    unpriced: bool = True
    """Tell also findings of which no money is known, whatever the least money is."""
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
    plots: bool = True
    """Show a small picture where it says more than text. Without the extra ``plots`` the mail has none."""
    workbook: bool = False
    """Attach all findings as an .xlsx workbook in which every amount is traced to its records."""
    triage: TriageOptions | None = None
    """When a slip fires the triage trigger, begin with an agenda and attach an entry for the calendar; leave it out to
    get neither."""
    heartbeat: bool = False
    """Send one line when there is no news, so that silence is not mistaken for a failure."""
    calendar: Annotated[str, Field(examples=["plant"])] = ""
    """A calendar of the settings: a digest that falls on a day off goes out on the next working day, and days left are
    counted in working days. Left out: every day counts."""
    at_once: AtOnceOptions | None = None
    """When a notice goes out at once, beside the digest; left out: never."""
    meeting: bool = False
    """These people meet about the digest: when nothing is to be decided, it says that the meeting can be dropped."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, value: Any) -> Any:
        return with_preset(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _somebody_gets_it(self) -> Self:
        if not self.recipients and not self.channels:
            raise ValueError("a digest needs recipients, channels or both")
        return self

    @field_validator("days", mode="before")
    @classmethod
    def _days_by_name(cls, value: Any) -> Any:
        names = [day.value for day in Weekday]
        for day in value if isinstance(value, list | tuple) else [value]:
            if day not in names:
                raise ValueError(f"days are written by name: {', '.join(names)}")
        return value

    @field_validator("recipients")
    @classmethod
    def _each_once(cls, value: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
        if not value:
            raise ValueError("name at least one recipient, or leave recipients out")
        cls._no_doubles(tuple(recipient.address for recipient in value))
        return value

    @field_validator("days", "objectives", "sources", "checks", "decider", "accounts")
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

    @property
    def addresses(self) -> tuple[str, ...]:
        """The mail addresses of all recipients."""
        return tuple(recipient.address for recipient in self.recipients)

    @property
    def readers(self) -> Mapping[str, Language]:
        """How the reader behind each address is spoken to."""
        return {each.address: each.words(self.language, self.numbers) for each in self.recipients}

    @property
    def words(self) -> Language:
        """How it speaks where no recipient asks for something else."""
        return words_of(self.language, self.numbers)

    @property
    def chooses(self) -> bool:
        """Whether findings are left out by more than their objectives and their severity."""
        named = (self.sources, self.checks, self.decider, self.accounts)
        return any(named) or bool(self.minimum_money) or not self.unpriced

    @property
    def told_accounts(self) -> tuple[Account, ...]:
        """The accounts that are told, in their order."""
        return self.accounts or tuple(Account)
