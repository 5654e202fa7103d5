"""The settings file: composed from each room's own Options, and the few that belong to no room."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, SerializeAsAny, WithJsonSchema, field_validator, model_validator

from config.calendars import CalendarOptions
from config.clock import ClockOptions
from config.service import ServiceOptions
from connectors.base import SourceOptions
from digest.audiences.people_options import BudgetOptions, OwnersOptions
from digest.audiences.recipients import MailAddress
from digest.channels.options import ChannelOptions
from digest.options import DigestOptions, MailOptions
from model.money import RateTable
from model.options import Duration, Options
from model.secret import Secret
from reconcile.options import ReconcileOptions

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,39}$"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_RESERVED_NAMES = frozenset({"name", "objective"})


def name_mistake(value: str) -> str | None:
    """What is wrong with the name of a source or a digest."""
    if not _NAME.fullmatch(value):
        return "a name begins with a lower-case letter and goes on with letters, digits, - or _, at most 40 of them"
    if value in _RESERVED_NAMES:
        return f"the name {value} is taken by Driftline itself"
    return None


def _name(value: str) -> str:
    if mistake := name_mistake(value):
        raise ValueError(mistake)
    return value


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise ValueError("a currency is its ISO code, three capital letters such as EUR")
    return value


Name = Annotated[str, AfterValidator(_name)]
"""What a source or a digest is called."""
Currency = Annotated[
    str, AfterValidator(_currency), WithJsonSchema({"type": "string", "pattern": f"^{_CURRENCY.pattern}$"})
]

Rate = Annotated[Decimal, Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class RateOptions(Options):
    """Exchange rates: beside ``as_of``, one key per currency. An amount without a rate is listed unconverted."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^(as_of|{_CURRENCY.pattern})$"}}
    )
    __pydantic_extra__: dict[str, Rate]

    as_of: date = Field(examples=[date(2026, 1, 2)])
    """The day on which the rates were valid; it stands beside every converted amount."""

    @model_validator(mode="after")
    def _keys_are_currencies(self) -> "RateOptions":
        for key in self.__pydantic_extra__:
            if not _CURRENCY.fullmatch(key):
                raise ValueError(f"'{key}' is neither as_of nor a currency of three capital letters")
        return self


class BusinessOptions(Options):
    """Where and in which money the business counts."""

    zone: ZoneInfo = Field(ZoneInfo("Europe/Berlin"), examples=["Europe/Vienna"])
    """The time zone in which a day begins and ends, dates are read and digests go out."""
    currency: Currency = Field("EUR", examples=["USD"])
    """The currency in which amounts are added up, as an ISO code."""
    rates: RateOptions | None = Field(None, examples=[{"as_of": date(2026, 1, 2), "USD": 0.92}])
    """Exchange rates: the day they are of, and per currency how much of the business currency one unit is worth."""

    @model_validator(mode="after")
    def _no_rate_for_itself(self) -> "BusinessOptions":
        if self.rates is not None and self.currency in self.rates.__pydantic_extra__:
            raise ValueError(f"{self.currency} is the business currency and takes no rate")
        return self

    def rate_table(self) -> RateTable:
        """The rates as the reconciler takes them."""
        if self.rates is None:
            return RateTable(self.currency)
        return RateTable(self.currency, tuple(sorted(self.rates.__pydantic_extra__.items())), self.rates.as_of)


class RetentionOptions(Options):
    """How long the daemon keeps what nobody needs for ever. Findings, what happened to them and decisions are never
    forgotten, and each record keeps its first and its last content."""

    keep_revisions: Annotated[Duration, Field(ge=timedelta(days=30))] = timedelta(days=400)
    """How far back the past can be looked at: former contents of records, runs and what they measured are kept so long;
    at least 30d."""
    keep_mails: Annotated[Duration, Field(ge=timedelta(days=7))] = timedelta(days=90)
    """How long the text of a mail is kept that has gone out or was refused for good; at least 7d. Who got which mail
    when is kept for ever."""


class StateOptions(Options):
    """Where the stored state lies."""

    SCHEMES: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql", "postgresql+psycopg")

    url: str = Field("sqlite:///driftline.db", examples=["postgresql://driftline@database.example.com/driftline"])
    """The database, as a URL without a password; a relative SQLite file lies beside the settings file."""
    password: Secret | None = Field(None, examples=["env:DRIFTLINE_DATABASE_PASSWORD"])
    """The database user's password, when the database asks for one."""
    retention: RetentionOptions = RetentionOptions()
    """How long the daemon keeps what nobody needs for ever; it looks once a day."""

    @field_validator("url")
    @classmethod
    def _known_and_without_password(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in cls.SCHEMES or "://" not in value:
            raise ValueError("the database is sqlite:///FILE or postgresql://USER@HOST/NAME")
        if parts.password is not None or "password" in parse_qs(parts.query):
            raise ValueError("a password does not stand in the URL: write state.password as a reference")
        return value

    def connection_url(self) -> str:
        """The URL with the resolved password, for the database driver only: never for a log or a message."""
        if self.password is None:
            return self.url
        scheme, separator, rest = self.url.partition("://")
        user, at, host = rest.rpartition("@")
        return f"{scheme}{separator}{user}:{quote(self.password.reveal(), safe='')}{at or '@'}{host}"


class LogOptions(Options):
    """How much the log tells."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important kind of event that is written."""


class Settings(Options):
    """All settings of one installation."""

    version: Literal[1]
    """The version of this file's format."""
    business: BusinessOptions = BusinessOptions()
    """Where and in which money the business counts."""
    state: StateOptions = StateOptions()
    """Where the stored state lies."""
    objectives: tuple[str, ...] = ("objectives.yaml",)
    """Files with objectives: paths or patterns such as objectives/*.yaml, from the settings file's folder."""
    mapping: tuple[str, ...] = ("mapping/*.yaml",)
    """Files with rules: paths or patterns such as mapping/*.yaml, from the settings file's folder."""
    checks: Annotated[tuple[str, ...], Field(examples=[("checks/*.yaml",)])] = ()
    """Files with checks of your own: paths or patterns such as checks/*.yaml, from the settings file's folder."""
    sources: dict[Name, SerializeAsAny[SourceOptions]] = Field(default_factory=dict)
    """The accounts and files that are read, by a name of your choice; ``kind`` says which connector reads one."""
    calendars: dict[Name, CalendarOptions] = Field(default_factory=dict)
    """Working days by a name of your choice; a need's ``lag: 10 working days`` counts by one of them."""
    reconcile: ReconcileOptions = ReconcileOptions()
    """How claims are compared and weighed."""
    mail: MailOptions | None = None
    """The mail server that digests are sent through."""
    channels: dict[Name, ChannelOptions] = Field(default_factory=dict)
    """Ways beside mail on which a digest can go out, by a name of your choice."""
    digests: dict[Name, DigestOptions] = Field(default_factory=dict)
    """Who is told what, by a name of your choice."""
    budget: BudgetOptions | None = None
    """How much one person gets in a week; left out: everything."""
    owners: OwnersOptions | None = None
    """The to-do mails of owners; left out: owners get none."""
    people: Annotated[dict[str, MailAddress], Field(examples=[{"Ben Kuhn": "ben.kuhn@example.com"}])] = Field(
        default_factory=dict
    )
    """The mail addresses of people by the names that the sources and the objectives give them."""
    log: LogOptions = LogOptions()
    """How much the log tells."""
    service: ServiceOptions = ServiceOptions()
    """Health and metrics of the daemon over HTTP, and what watches over it; another address or token is taken at the
    next start."""
    clock: ClockOptions | None = None
    """A clock that shows another time and runs on from there, for demos and rehearsals only."""
