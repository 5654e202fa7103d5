"""What a rule may ask about a record: the names of conditions, and the texts that a record answers with."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from model.keys import normalise_key, record_id
from model.links import Role
from model.money import Money
from model.records import RECORD_TYPES, Record, RecordKind, Release, Sprint, WorkItem

FIELD = "fields."
"""Begins the name of a condition on a further field: ``fields.Region``."""
TITLE_GRAMS = "title in parts"
"""Asks for all parts of the title that are ``GRAM`` characters long; by them, rules with a pattern are found."""
GRAM = 3
WORK_ITEM_CONDITIONS = frozenset({"type", "status", "label", "component", "release", "sprint", "parent"})
"""Conditions that only work items can meet."""

_NOT_ASKED = {"custom", "provenance", "moves", "changes", "needs", "former_keys", "plan", "forecast", "actual"}
ATTRIBUTES: Mapping[RecordKind, frozenset[str]] = {
    kind: frozenset(each.name for each in dataclasses.fields(record_type)) - _NOT_ASKED
    for kind, record_type in RECORD_TYPES.items()
}
"""The built-in fields of each kind that ``fields:`` may name."""
_SELDOM_TWICE = frozenset({"key", "title"})
_SEPARATORS = re.compile(r"[,;\n]")

fold = lru_cache(maxsize=65536)(normalise_key)
"""``normalise_key`` with a memory: few names come very often."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the matcher must know about other records.

    ``releases`` and ``sprints``: record id to name. ``parents``: record id of a parent to the record id of its own
    parent. ``keys``: record id of a parent to its key and former keys. ``served``: record id of a parent to the
    objectives that it serves by role. Records that are nobody's parent may be left out of the last three.
    """

    releases: Mapping[str, str] = field(default_factory=dict)
    sprints: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str | None] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    served: Mapping[str, Mapping[Role, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Names":
        """Collect the names of a small world that is at hand as records."""
        all_records = list(records)
        work = [record for record in all_records if isinstance(record, WorkItem)]
        return cls(
            {record.id: record.key for record in all_records if isinstance(record, Release)},
            {record.id: record.title or record.key for record in all_records if isinstance(record, Sprint)},
            {item.id: record_id(item.source, item.parent) if item.parent else None for item in work},
            {item.id: (item.key, *item.former_keys) for item in work},
        )

    def ancestors(self, record: WorkItem) -> list[str]:
        """Record ids from the parent up to the root; a cycle in the source ends the walk."""
        found: list[str] = []
        above = record_id(record.source, record.parent) if record.parent else None
        while above is not None and above not in found and above != record.id:
            found.append(above)
            above = self.parents.get(above)
        return found


class Facts:
    """The answers of one record, worked out when they are first asked for."""

    __slots__ = ("_answers", "_names", "record", "today")

    def __init__(self, record: Record, names: Names, today: date | None = None) -> None:
        self.record = record
        self.today = today
        self._names = names
        self._answers: dict[str, frozenset[str]] = {}

    def folded(self, condition: str) -> frozenset[str]:
        """What the record answers to a condition, folded for comparison; empty where it says nothing."""
        answers = self._answers.get(condition)
        if answers is None:
            if condition == TITLE_GRAMS:
                [title] = self.folded("title") or {""}
                answers = frozenset(title[at : at + GRAM] for at in range(len(title) - GRAM + 1))
                self._answers[condition] = answers
                return answers
            folded = normalise_key if condition in _SELDOM_TWICE else fold
            answers = frozenset(folded(text) for text in self.shown(condition)) - {""}
            self._answers[condition] = answers
        return answers

    def shown(self, condition: str) -> tuple[str, ...]:
        """The same answers as the source wrote them."""
        if condition.startswith(FIELD):
            return texts_of(self.record, condition.removeprefix(FIELD))
        return _ANSWERS[condition](self.record, self._names)

    def served_above(self) -> Iterator[Mapping[Role, tuple[str, ...]]]:
        """What the work items above serve, the nearest first."""
        if isinstance(self.record, WorkItem):
            for above in self._names.ancestors(self.record):
                yield self._names.served.get(above, {})

    def tells(self, condition: str) -> bool:
        """Whether no answer means "it has none" (no label, no parent) and not "it does not say"."""
        if condition.startswith(FIELD):
            return value_of(self.record, condition.removeprefix(FIELD)) not in (None, "")
        if condition in {"type", "status"} and isinstance(self.record, WorkItem):
            return bool(getattr(self.record, condition))
        return condition != "owner" or bool(self.record.owner)


def value_of(record: Record, name: str) -> object:
    """A field by name: a built-in one if the kind has it, otherwise a custom one; None where nothing is said."""
    if name in ATTRIBUTES[record.kind]:
        return getattr(record, name)
    if name in record.custom:
        return record.custom[name]
    wanted = fold(name)
    return next((value for custom, value in record.custom.items() if fold(custom) == wanted), None)


def texts_of(record: Record, name: str) -> tuple[str, ...]:
    """The same as texts."""
    return _texts(value_of(record, name))


def wanted_names(record: Record, name: str) -> tuple[str, ...]:
    """The keys and names that a field holds; several stand with commas, semicolons or on lines of their own."""
    found: dict[str, str] = {}
    for text in texts_of(record, name):
        for part in _SEPARATORS.split(text):
            if folded := normalise_key(part):
                found.setdefault(folded, part.strip())
    return tuple(found.values())


def number_text(number: Decimal) -> str:
    """Write a number so that equal numbers are equal texts: 5 for 5.0, 1500 for 1.5E+3."""
    return format(number.normalize(), "f") if number.is_finite() and abs(number.adjusted()) < 100 else str(number)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple(text for each in value for text in _texts(each))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Decimal):
        return (number_text(value),)
    if isinstance(value, Money):
        return (number_text(value.amount), f"{number_text(value.amount)} {value.currency}")
    if isinstance(value, (date, datetime)):
        return (value.isoformat(),)
    return (str(value),)


def _of_work(answer: Callable[[WorkItem, Names], Iterable[str | None]]) -> Callable[[Record, Names], tuple[str, ...]]:
    def answered(record: Record, names: Names) -> tuple[str, ...]:
        return _present(answer(record, names)) if isinstance(record, WorkItem) else ()

    return answered


def _present(texts: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _releases(item: WorkItem, names: Names) -> list[str]:
    return [names.releases.get(record_id(item.source, native), native) for native in item.releases]


def _sprint(item: WorkItem, names: Names) -> list[str]:
    return [names.sprints.get(record_id(item.source, item.sprint), item.sprint)] if item.sprint else []


def _parents(item: WorkItem, names: Names) -> list[str]:
    return [text for above in names.ancestors(item) for text in names.keys.get(above, ()) or (above.partition(":")[2],)]


_ANSWERS: Mapping[str, Callable[[Record, Names], tuple[str, ...]]] = {
    "kind": lambda record, _: (record.kind.value,),
    "source": lambda record, _: (record.source,),
    "key": lambda record, _: _present((record.key, *record.former_keys)),
    "container": lambda record, _: _present((record.container,)),
    "owner": lambda record, _: _present((record.owner,)),
    "title": lambda record, _: (record.title,),
    "type": _of_work(lambda item, _: (item.type,)),
    "status": _of_work(lambda item, _: (item.status,)),
    "label": _of_work(lambda item, _: item.labels),
    "component": _of_work(lambda item, _: item.components),
    "release": _of_work(_releases),
    "sprint": _of_work(_sprint),
    "parent": _of_work(_parents),
}
CONDITIONS = frozenset(_ANSWERS)
"""The conditions that are not further fields."""
