"""Turns the records of one stream into ours: typed, with every mistake named by stream, record and field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.singer import values
from connectors.singer.kinds import MONTH_FIELD, FieldType
from connectors.singer.messages import Row
from connectors.singer.options import SingerOptions, StreamOptions
from connectors.singer.paths import value_at
from connectors.storable import require_storable
from model.errors import RecordError
from model.keys import normalise_key
from model.money import Money, Month, MonthAmount
from model.records import RECORD_TYPES, NeedClaim, Outcome, Record, RecordKind, StatusCategory

DELETED_AT = "_sdc_deleted_at"
_LONGEST_ID = 400
_STATUSES: Mapping[str, StatusCategory] = {
    "todo": StatusCategory.TODO,
    "to do": StatusCategory.TODO,
    "open": StatusCategory.TODO,
    "doing": StatusCategory.DOING,
    "in progress": StatusCategory.DOING,
    "done": StatusCategory.DONE,
    "closed": StatusCategory.DONE,
    "dropped": StatusCategory.DROPPED,
    "cancelled": StatusCategory.DROPPED,
    "canceled": StatusCategory.DROPPED,
}


@dataclass(slots=True)
class _Reading:
    """The values of one record while it is read, and what is wrong with them."""

    found: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


class RecordBuilder:
    """Builds the records of one stream. ``id_paths`` are the fields that together name one."""

    def __init__(
        self, source: str, stream: str, options: SingerOptions, id_paths: tuple[str, ...], zone: ZoneInfo
    ) -> None:
        self._source = source
        self._stream = stream
        self._all = options
        self._options: StreamOptions = options.streams[stream]
        self._id_paths = id_paths
        self._zone = zone
        self._types = {
            name: kind for name in self._options.fields if (kind := options.type_of(self._options.kind, name))
        }

    def is_left_out(self, row: Row) -> bool:
        """Whether the record is marked as deleted, or holds something in a field of ``leave_out``."""
        told = [value_at(row, path) for path in (DELETED_AT, *self._options.leave_out)]
        return any(not values.is_blank(value) and value is not False for value in told)

    def native_id(self, row: Row) -> str:
        """The stream and what its id fields hold. Raise ValueError when one is empty: no id is made up."""
        parts = []
        for path in self._id_paths:
            raw = value_at(row, path)
            if values.is_blank(raw):
                raise ValueError(f"{path}, which names the record, is empty")
            try:
                parts.append(values.text(raw))
            except ValueError as error:
                raise ValueError(f"{path}, which names the record, {error}") from error
        return _checked(named(self._stream, parts))

    def build(self, row: Row, native_id: str) -> Record:
        """Give the record; raise RecordError with everything that cannot be read."""
        reading = _Reading()
        for name, kind in self._types.items():
            self._read(reading, row, name, kind)
        finish = {
            RecordKind.WORK_ITEM: self._work_item,
            RecordKind.DEAL: self._deal,
            RecordKind.SAVING: self._saving,
        }.get(self._options.kind)
        if finish is not None:
            finish(reading)
        if reading.mistakes:
            raise RecordError("; ".join(reading.mistakes), location=f"{self._source}: {native_id}")
        record = self._record(reading, row, native_id)
        require_storable(record)
        return record

    def _record(self, reading: _Reading, row: Row, native_id: str) -> Record:
        found = reading.found
        custom = {name: found.pop(name, None) for name in self._types if name in self._all.custom}
        found.setdefault("key", native_id.removeprefix(f"{self._stream}/"))
        found.setdefault("title", found["key"])
        if self._options.url and "url" not in found:
            found["url"] = _filled(self._options.url, self._options.url_paths, row)
            reading.provenance["url"] = self._options.url
        reading.provenance.setdefault("key", f"{self._stream}.{'+'.join(self._id_paths)}")
        return RECORD_TYPES[self._options.kind](
            source=self._source,
            native_id=native_id,
            container=self._stream,
            custom=custom,
            provenance=reading.provenance,
            **found,
        )

    def _read(self, reading: _Reading, row: Row, name: str, kind: FieldType) -> None:
        path = self._options.fields[name]
        raw = value_at(row, path)
        if values.is_blank(raw):
            return
        try:
            reading.found[name] = self._converted(raw, name, kind)
        except ValueError as error:
            reading.mistakes.append(f"{name} ({path}) {error}")
        else:
            reading.provenance[name] = f"{self._stream}.{path}"

    def _converted(self, raw: Any, name: str, kind: FieldType) -> Any:
        simple: Mapping[FieldType, Callable[[Any], Any]] = _SIMPLE
        if kind in simple:
            return simple[kind](raw)
        if kind is FieldType.DATE:
            return values.day(raw, self._options.zone, self._zone)
        if kind is FieldType.DATETIME:
            return values.moment(raw, self._options.zone, self._zone)
        if kind is FieldType.LIGHT:
            return values.light(raw, self._options.lights)
        if kind is FieldType.REFERENCE:
            return self._referred(name, values.text(raw))
        return tuple(self._referred(name, told) for told in values.texts(raw))

    def _referred(self, name: str, told: str) -> str:
        """The native id of the record that is meant; an id is told apart from that of another stream by its stream."""
        stream = self._all.referred(self._stream, name)
        return named(stream, [told]) if stream else told

    def _work_item(self, reading: _Reading) -> None:
        status = reading.found.get("status")
        if status is None:
            return
        known = dict(_STATUSES) | {normalise_key(word): meaning for word, meaning in self._options.statuses.items()}
        reading.found["category"] = known.get(normalise_key(status))

    def _deal(self, reading: _Reading) -> None:
        self._money(reading, "amount", reading.found.pop("currency", None))
        reading.provenance.pop("currency", None)
        probability = reading.found.get("probability")
        if probability is not None and not 0 <= probability <= 1:
            reading.mistakes.append(f"probability is {probability}; it lies between 0 and 1")
        self._outcome(reading)

    def _outcome(self, reading: _Reading) -> None:
        """Whether a deal still stands, by its outcome where that is mapped, else by its stage."""
        which = "outcome" if "outcome" in self._types else "stage"
        told = reading.found.get(which)
        known = {one.value: one for one in Outcome} if which == "outcome" else {}
        known |= {normalise_key(word): meaning for word, meaning in self._options.outcomes.items()}
        outcome = Outcome.OPEN if told is None else known.get(normalise_key(told))
        if outcome is not None:
            reading.found["outcome"] = outcome
            return
        reading.mistakes.append(
            f"{which} holds {told!r}, of which is not known whether it is open, won or lost; add it to outcomes:"
        )

    def _saving(self, reading: _Reading) -> None:
        found = reading.found
        currency = found.get("currency") or self._options.currency
        has_amounts = bool({"run_rate", "baseline", "one_time_cost"} & set(found))
        series: dict[str, list[MonthAmount]] = {}
        for name in [name for name in found if MONTH_FIELD.fullmatch(name)]:
            which, _, month = name.partition(".")
            series.setdefault(which, []).append(MonthAmount(Month.parse(month), found.pop(name)))
        found |= {which: tuple(sorted(months, key=lambda one: one.month)) for which, months in series.items()}
        if has_amounts or series:
            self._check_currency(reading, currency)
        if currency:
            found["currency"] = currency
        self._money(reading, "run_rate", currency)

    def _money(self, reading: _Reading, name: str, told: str | None) -> None:
        amount = reading.found.pop(name, None)
        currency = told or self._options.currency
        if amount is None:
            return
        if self._check_currency(reading, currency):
            reading.found[name] = Money(amount, str(currency))

    def _check_currency(self, reading: _Reading, currency: str | None) -> bool:
        if currency is None:
            mistake = "an amount has no currency; set currency: in the stream's options"
        elif len(currency) != 3 or not currency.isascii() or not currency.isupper():
            mistake = f"currency holds {currency!r}, which is no ISO currency"
        else:
            return True
        if mistake not in reading.mistakes:
            reading.mistakes.append(mistake)
        return False


_SIMPLE: Mapping[FieldType, Callable[[Any], Any]] = {
    FieldType.TEXT: values.text,
    FieldType.NUMBER: values.number,
    FieldType.BOOLEAN: values.boolean,
    FieldType.LIST: values.texts,
    FieldType.URL: values.url,
    FieldType.NEEDS: lambda raw: tuple(NeedClaim(wanted) for wanted in values.texts(raw)),
}


def named(stream: str, parts: list[str]) -> str:
    """A native id: the stream, and the values of the id fields so that no two records share one."""
    if len(parts) > 1:
        parts = [part.replace("%", "%25").replace("/", "%2F") for part in parts]
    return f"{stream}/{'/'.join(parts)}"


def _checked(native_id: str) -> str:
    if len(native_id) > _LONGEST_ID:
        raise ValueError(f"its id has {len(native_id)} characters")
    if "\x00" in native_id or any("\ud800" <= character <= "\udfff" for character in native_id):
        raise ValueError("its id holds half a character or a NUL")
    return native_id


def _filled(template: str, paths: tuple[str, ...], row: Row) -> str:
    """The address of a record; empty when a field that it needs is."""
    for path in paths:
        raw = value_at(row, path)
        try:
            told = "" if values.is_blank(raw) else values.text(raw)
        except ValueError:
            return ""
        if not told:
            return ""
        template = template.replace(f"{{{path}}}", quote(told, safe="", errors="replace"))
    return template
