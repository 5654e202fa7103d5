"""What can be configured for a Singer tap: how it is run, and what the records of its streams are to us."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields as fields_of
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from connectors.base import SourceOptions
from connectors.singer.kinds import FIELDS, CustomType, FieldType, field_type
from model.options import Options
from model.records import RECORD_TYPES, Light, Outcome, RecordKind, StatusCategory
from model.secret import SCHEMES, Secret

_SECRET_KEY = re.compile(r"(?i)(token|passw(or)?d|passphrase|secret|api_?key|private_?key)$")
_URL_FIELD = re.compile(r"\{([^{}]+)\}")
_NAMED_STREAMS = {"releases": RecordKind.RELEASE, "sprint": RecordKind.SPRINT}

Path_ = Annotated[str, Field(min_length=1)]
"""A field of a stream; dots lead into objects, and into each object of a list."""


def _with_references(config: dict[str, Any]) -> dict[str, Any]:
    """The same config in which each text that refers to a secret is a Secret."""
    return {key: _referring(value, key) for key, value in config.items()}


def _referring(value: Any, key: str) -> Any:
    if isinstance(value, Secret):
        return value
    if isinstance(value, Mapping):
        return {str(name): _referring(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_referring(part, key) for part in value]
    if isinstance(value, str):
        # file:///data is an address, file:/run/secrets/token a reference.
        if value.startswith(SCHEMES) and not value.startswith("file://") and value.partition(":")[2].strip():
            return Secret(value)
        if value and _SECRET_KEY.search(key):
            raise ValueError(f"{key} is a secret: write it as a reference, env:NAME, file:PATH or command:PROGRAM")
        return value
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    raise ValueError(f"{key}: a tap's config holds texts, numbers, true and false, lists and mappings")


def _as_written(config: Any) -> Any:
    if isinstance(config, Secret):
        return config.reference
    if isinstance(config, Mapping):
        return {key: _as_written(value) for key, value in config.items()}
    return [_as_written(value) for value in config] if isinstance(config, list) else config


TapConfig = Annotated[
    dict[str, Any],
    AfterValidator(_with_references),
    PlainSerializer(_as_written),
    WithJsonSchema({"type": "object"}),
]
"""What a tap's own config file holds; a text such as env:NAME in it refers to a secret."""


class StreamOptions(Options):
    """What the records of one stream are, and which of their fields fill ours."""

    kind: RecordKind
    """What one record is: work_item, release, sprint, deal, saving or measurement."""
    fields: Annotated[Mapping[str, Path_], Field(min_length=1)]
    """Our field, or one of those under custom, and the stream's field for it. Dots lead into objects, as user.login;
    of a list of objects labels.name takes each one's. A saving's month is plan.2026-10, forecast.2026-10 or
    actual.2026-10."""
    id: tuple[Path_, ...] = ()
    """The fields that together name a record. Without it, the key properties that the tap itself names."""
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Where people look at a record, with fields of the stream in braces: https://crm.example.com/deals/{id}."""
    statuses: Mapping[str, StatusCategory] = {}
    """What a status means: todo, doing, done or dropped. Known without it are todo, open, doing, in progress, done,
    closed, dropped and cancelled. A work item with any other status is kept, and the status is a finding."""
    outcomes: Mapping[str, Outcome] = {}
    """What a deal's stage, or its outcome where that is mapped, means: open, won or lost. A deal in a stage that is
    not listed is set aside: whether it still stands is not guessed."""
    lights: Mapping[str, Light] = {}
    """What further words mean as a light, besides green, yellow, amber, red and grey."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """The currency of the amounts where the records do not name one."""
    zone: ZoneInfo | None = None
    """The time zone of times that the tap writes without one. Without it, a record with such a time is set aside."""
    refers_to: Mapping[Literal["parent", "releases", "sprint"], str] = {}
    """The stream in which the ids in parent, releases or sprint are found. Without it, a parent is in the same stream,
    a release or sprint in the only stream of that kind."""
    leave_out: tuple[Path_, ...] = ()
    """Records in which one of these fields holds something (other than false) are left out, as pull_request. Those
    that the tap marks as deleted (_sdc_deleted_at) always are."""
    replication: Literal["full_table", "incremental"] | None = None
    """How the tap reads the stream, for taps that let one choose; without it, as the tap says."""
    replication_key: str | None = None
    """The field by which an incremental read goes on, for taps that let one choose."""

    @model_validator(mode="after")
    def _fits_the_kind(self) -> Self:
        if self.replication_key and self.replication != "incremental":
            raise ValueError("replication_key: only with replication: incremental")
        if self.url and "url" in self.fields:
            raise ValueError("url: not used when a field is mapped to url")
        return self

    @property
    def url_paths(self) -> tuple[str, ...]:
        """The fields in braces of ``url``."""
        return tuple(_URL_FIELD.findall(self.url or ""))


class SingerOptions(SourceOptions):
    """A Singer tap, run as a program of its own, and what the streams that it reads are to us.

    One run of the tap lasts at most http.run_deadline_seconds, and one line of it is at most
    http.largest_answer_megabytes long; overlap and the other settings of http are the tap's own business.
    """

    counts_requests: ClassVar[bool] = False

    kind: Literal["singer"] = "singer"
    """Which connector reads it."""
    tap: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """The tap's program and its arguments: [/opt/taps/tap-github/bin/tap-github]. No shell reads them; give the full
    path, or a bare name that is found in PATH."""
    config: TapConfig = Field(default_factory=dict)
    """What the tap's config file holds, as its own documentation says; passwords and tokens as references:
    access_token: env:GITHUB_TOKEN. Write paths in full."""
    config_file: Path | None = None
    """A config file that the tap itself keeps, instead of config: for taps that write renewed tokens back into it."""
    catalog: Path | None = None
    """A catalog file to hand to the tap as it is. Without it the tap is asked what it has (--discover), and the mapped
    streams and fields are selected."""
    properties: bool = False
    """Whether the tap takes its catalog by --properties instead of --catalog, as older ones do."""
    environment: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = ()
    """Environment variables that the tap may see, besides PATH, HOME, LANG, LC_ALL and TZ."""
    custom: Mapping[str, CustomType] = {}
    """Extra fields to keep, each under one word of your choice: text, number, date, datetime, boolean or list. A
    stream's fields say where it has them."""
    streams: Annotated[Mapping[str, StreamOptions], Field(min_length=1)]
    """The streams to read, by the name that driftline sources discover shows, and what their records are."""

    @field_validator("tap")
    @classmethod
    def _can_be_found(cls, tap: tuple[str, ...]) -> tuple[str, ...]:
        if "/" in tap[0] and not tap[0].startswith("/"):
            raise ValueError("write the tap's full path, or a bare name that is found in PATH")
        return tap

    @field_validator("custom")
    @classmethod
    def _not_our_own_names(cls, custom: Mapping[str, CustomType]) -> Mapping[str, CustomType]:
        own = {field.name for kind in RECORD_TYPES.values() for field in fields_of(kind)}
        own |= {name for names in FIELDS.values() for name in names}
        for name in custom:
            if name in own or not name.isidentifier():
                raise ValueError(f"{name!r} is the name of a field, or is not one word; choose another")
        return custom

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.config and self.config_file:
            raise ValueError("give config or config_file, not both")
        for stream, options in self.streams.items():
            for name in options.fields:
                if self.type_of(options.kind, name) is None:
                    raise ValueError(f"streams.{stream}.fields: {self._unknown(options.kind, name)}")
            for field, other in options.refers_to.items():
                if other not in self.streams:
                    raise ValueError(f"streams.{stream}.refers_to: {field} names {other!r}, which is not under streams")
            self._check_references(stream, options)
        return self

    def type_of(self, kind: RecordKind, name: str) -> FieldType | None:
        """How a mapped field is read; None when neither the kind nor ``custom`` has it."""
        if name in self.custom:
            return FieldType(self.custom[name].value)
        return field_type(kind, name)

    def referred(self, stream: str, field: str) -> str | None:
        """The stream in which the ids of a referring field are found; None when no stream holds them."""
        told = self.streams[stream].refers_to.get(field)  # type: ignore[call-overload]
        if told is not None:
            return str(told)
        if field == "parent":
            return stream
        return next(self._of_kind(_NAMED_STREAMS[field]), None)

    def _of_kind(self, kind: RecordKind) -> Iterator[str]:
        return (name for name, options in self.streams.items() if options.kind is kind)

    def _check_references(self, stream: str, options: StreamOptions) -> None:
        for field, kind in _NAMED_STREAMS.items():
            if field in options.fields and field not in options.refers_to and len([*self._of_kind(kind)]) > 1:
                raise ValueError(
                    f"streams.{stream}: several streams are of the kind {kind}; name in refers_to the one of {field}"
                )

    def _unknown(self, kind: RecordKind, name: str) -> str:
        known = [*FIELDS[kind], *self.custom]
        near = difflib.get_close_matches(name, known, n=1)
        beside = "extra ones are declared under custom: of the source"
        return f"a {kind} has no field {name!r}; " + (
            f"did you mean {near[0]}? {beside}" if near else f"it has {', '.join(known)}; {beside}"
        )
