"""One run of a tap: its lines become pages of records, the ids that were seen and the state to go on from."""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.base import ReadContext
from connectors.singer.catalog import drift, require
from connectors.singer.messages import (
    ActivateVersionMessage,
    Message,
    RecordMessage,
    Row,
    SchemaMessage,
    StateMessage,
    parse,
)
from connectors.singer.options import SingerOptions
from connectors.singer.process import TapProcess
from connectors.singer.records import RecordBuilder
from connectors.singer.redaction import Redaction
from model.errors import RecordError, SourceContentError
from model.reading import Page, SetAside
from model.records import Record

PAGE_RECORDS = 500
_LONGEST_SHOWN = 60


@dataclass(slots=True)
class Seen:
    """What a run told of one stream. ``unnamed`` counts records whose id could not be read."""

    by_version: dict[Any, set[str]] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    unnamed: int = 0
    first_unnamed: str = ""

    @property
    def ids(self) -> set[str]:
        return set().union(*self.by_version.values())

    def activate(self, version: Any) -> None:
        """A whole table was told: what came with another version is gone."""
        self.by_version = {known: ids for known, ids in self.by_version.items() if known == version}


@dataclass(frozen=True, slots=True)
class Told:
    """One record of a mapped stream: ours, or why it could not be made; and the tap's own."""

    stream: str
    row: Row
    record: Record | None
    set_aside: SetAside | None = None


class TapRun:
    """Reads what a tap writes. Nothing that it tells counts before its end: only then ``seen`` and ``state`` hold."""

    def __init__(
        self,
        source: str,
        options: SingerOptions,
        context: ReadContext,
        process: TapProcess,
        *,
        names: Mapping[str, str],
        streams: Sequence[str],
        redact: Redaction,
    ) -> None:
        self._source = source
        self._options = options
        self._context = context
        self._process = process
        self._names = names
        self._streams = streams
        self._redact = redact
        self._builders: dict[str, RecordBuilder] = {}
        self.seen: dict[str, Seen] = {stream: Seen() for stream in streams}
        self.state: Any = None

    def pages(self) -> Iterator[Page]:
        """Yield the records in pages. Raise SourceError when the run did not come to a tidy end."""
        records: list[Record] = []
        aside: list[SetAside] = []
        with contextlib.closing(self.told()) as told:
            for one in told:
                if one.record is not None:
                    records.append(one.record)
                elif one.set_aside is not None:
                    aside.append(one.set_aside)
                if len(records) + len(aside) >= PAGE_RECORDS:
                    yield Page(tuple(records), tuple(aside))
                    records, aside = [], []
        if records or aside:
            yield Page(tuple(records), tuple(aside))

    def told(self) -> Generator[Told, None, None]:
        """Yield each record of the mapped streams that is not left out."""
        number = 0
        with contextlib.closing(self._process.lines()) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    one = self._heed(parse(line), number)
                except ValueError as error:
                    raise self._unreadable(number, line, str(error)) from None
                if one is not None:
                    yield one
        silent = [stream for stream in self._streams if stream not in self._builders]
        if silent:
            raise SourceContentError(
                f"the tap of {self._source} ended without telling the schema of {', '.join(silent)}",
                location=self._source,
                hint="a stream that is not selected, or may not be read, looks like this; the log has the tap's lines",
            )

    def _heed(self, message: Message, number: int) -> Told | None:
        """Take one message in; give the record that it tells, if it tells one of ours."""
        if isinstance(message, StateMessage):
            self.state = message.value
            return None
        stream = self._names.get(message.stream)
        if stream is None or stream not in self._streams:
            return None
        if isinstance(message, SchemaMessage):
            self._take_schema(stream, message)
            return None
        if isinstance(message, ActivateVersionMessage):
            self.seen[stream].activate(message.version)
            return None
        return self._take_record(stream, message, number)

    def _take_schema(self, stream: str, message: SchemaMessage) -> None:
        options = self._options.streams[stream]
        require([*drift(self._source, stream, options, message.schema)], self._source)
        id_paths = options.id or message.key_properties
        if not id_paths:
            raise SourceContentError(
                f"the tap of {self._source} does not tell what names a record of {stream}",
                location=f"{self._source}: streams.{stream}",
                hint="write the fields that together name a record in id:",
            )
        self._builders[stream] = RecordBuilder(self._source, stream, self._options, id_paths, self._context.zone)

    def _take_record(self, stream: str, message: RecordMessage, number: int) -> Told | None:
        builder, seen = self._builders.get(stream), self.seen[stream]
        if builder is None:
            raise ValueError(f"is a record of {stream} before its schema")
        if builder.is_left_out(message.record):
            return None
        try:
            native_id = builder.native_id(message.record)
        except ValueError as error:
            seen.unnamed += 1
            seen.first_unnamed = seen.first_unnamed or f"line {number}: {error}"
            place = f"{self._source}: {stream}, line {number}"
            return Told(stream, message.record, None, SetAside(f"{stream}#line {number}", str(error), place))
        seen.by_version.setdefault(message.version, set()).add(native_id)
        try:
            return Told(stream, message.record, builder.build(message.record, native_id))
        except RecordError as error:
            seen.aside[native_id] = error.summary
            place = f"{self._source}: {native_id}"
            return Told(stream, message.record, None, SetAside(native_id, error.summary, place))

    def _unreadable(self, number: int, line: bytes, why: str) -> SourceContentError:
        """The line is shown only when it is no message: a message holds what people wrote."""
        shown = ""
        if not line.lstrip().startswith(b"{"):
            text = self._redact(line[:4096].decode(errors="replace"))
            shown = f": {''.join(one for one in text if one.isprintable()).strip()[:_LONGEST_SHOWN]!r}"
        return SourceContentError(
            f"line {number} of what the tap of {self._source} writes {why}{shown}",
            location=f"{self._source}: line {number}",
            hint="a tap writes messages to stdout and everything else to stderr; run it by hand to see what it says",
        )
